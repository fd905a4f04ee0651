import pytest

from cslrkit.errors import ConfigError, DataError
from cslrkit.utils.config_path import config_path


def test_the_argument_of_a_config_error_joins_the_path():
    with pytest.raises(ConfigError, match=r'^model\.backbone\.depth: got 3\.$') as caught:  # noqa: SIM117
        with config_path('model'), config_path('backbone'):
            raise ConfigError('got 3.', path='depth')
    assert caught.value.path == 'model.backbone.depth'


@pytest.mark.parametrize('kind', [TypeError, ValueError, DataError, ConfigError])
def test_the_class_stays(kind):
    with pytest.raises(kind, match=r'^model\.head: wrong$') as caught, config_path('model.head'):
        raise kind('wrong')
    assert type(caught.value) is kind


def test_what_is_not_made_from_a_message_passes_through():
    with pytest.raises(UnicodeDecodeError), config_path('model'):
        b'\xff'.decode('utf-8')
