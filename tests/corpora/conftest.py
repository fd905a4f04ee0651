"""Corpora as they are downloaded."""

import pytest
from downloaded_corpora import make_csl_daily, make_phoenix2014, make_phoenix2014_t


@pytest.fixture
def phoenix2014(tmp_path):
    return make_phoenix2014(tmp_path)


@pytest.fixture
def phoenix2014_t(tmp_path):
    return make_phoenix2014_t(tmp_path)


@pytest.fixture
def csl_daily(tmp_path):
    return make_csl_daily(tmp_path)
