"""The page in a browser: sorting, search, comparison, keyboard."""

import time

import pytest
from results_files import write_results

from cslrkit.visualization.html_report import gather, load_results, render_page


@pytest.fixture(scope='module')
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp('pages')
    runs = [load_results(write_results(folder / name, system=system)) for system, name in enumerate('AB')]
    for name, chosen in (('one', runs[:1]), ('two', runs)):
        (folder / f'{name}.html').write_text(render_page(gather(chosen)), encoding='utf-8')
    return folder


class Page:
    """What tests ask of a page."""

    def __init__(self, browser, path):
        self.browser = browser
        browser.get(path.as_uri())
        assert self.run('document.documentElement.dataset.ready') == 'yes'

    def run(self, script, *args):
        return self.browser.execute_script(f'return {script}', *args)

    def find(self, selector):
        return self.browser.find_element('css selector', selector)

    def rows(self, table='sentence-table', column='th'):
        script = f'[...document.querySelectorAll("#{table} > .scroll > table > tbody > tr")]'
        texts = self.run(f'{script}.map(row => row.querySelector("{column}").innerText)')
        return [text.split('\n')[0] for text in texts]

    def header(self, title, table='sentence-table'):
        for button in self.browser.find_elements('css selector', f'#{table} thead button'):
            if button.text.rstrip('▲▼↕ ') == title:
                return button
        raise AssertionError(f'no column {title}')

    def order_of(self, title, table='sentence-table'):
        return self.header(title, table).find_element('xpath', '..').get_attribute('aria-sort')

    def wait_for(self, text):
        deadline = time.monotonic() + 10
        while self.find('#matches').text != text:
            assert time.monotonic() < deadline, f'{self.find("#matches").text!r}, expected {text!r}'
            time.sleep(0.02)

    def open_times(self):
        self.find('details summary').click()
        deadline = time.monotonic() + 10  # the event that has them drawn comes later
        while not self.browser.find_elements('css selector', 'details svg rect'):
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture
def page(browser, pages):
    return Page(browser, pages / 'one.html')


@pytest.fixture
def comparison(browser, pages):
    return Page(browser, pages / 'two.html')


def test_sorting(page):
    assert page.order_of('Errors') == 'descending'
    assert page.rows() == ['e', 'a', 'b', 'c', 'd']  # 2, 1, 1, 1, 0; equal ones as in the file
    page.header('Sentence').click()
    assert (page.rows(), page.order_of('Sentence')) == (list('abcde'), 'ascending')
    page.header('Sentence').click()
    assert (page.rows(), page.order_of('Sentence')) == (list('edcba'), 'descending')
    page.header('WER %').click()
    assert page.rows()[:2] == ['e', 'c']  # 100 % both; then b 50 %, a 33 %, d 0 %
    assert page.order_of('Sentence') == 'none'
    page.header('WER %', 'by-signer').click()
    assert page.rows('by-signer') == ['Ann', 'Bo']  # 4 of 6, 1 of 4
    page.header('WER %', 'by-signer').click()
    assert page.rows('by-signer') == ['Bo', 'Ann']


def test_search_and_filters(page):
    query = page.find('#query')
    query.send_keys('sonne')
    page.wait_for('2 of 5 sentences')
    assert page.rows() == ['b', 'd']
    query.send_keys(' sued')
    page.wait_for('1 of 5 sentences')
    query.send_keys(' nowhere')
    page.wait_for('0 of 5 sentences')
    page.find('#reset').click()
    page.wait_for('5 of 5 sentences')
    assert page.run('document.activeElement.id') == 'query'
    page.find('#filter option[value=I]').click()
    assert page.rows() == ['c']
    page.find('#filter option[value=all]').click()
    page.find('#signer option[value="1"]').click()
    assert page.rows() == ['b', 'd']


def test_a_confusion_leads_to_its_sentences(page):
    page.find('#confusions-S td.show button').click()
    assert page.rows() == ['a']
    assert page.find('#only').text == 'Only: REGEN taken for SCHNEE ✕'
    page.find('#only').click()
    assert page.find('#matches').text == '5 of 5 sentences'
    page.find('#confusions-D tbody tr:nth-child(1) td.show button').click()
    assert page.find('#only').text.startswith('Only: NORD missed')
    assert page.rows() == ['e']


def test_alignment_says_the_same_to_eyes_and_ears(page):
    row = next(
        row for row in page.browser.find_elements('css selector', '#sentence-table tbody tr') if 'Bo' in row.text
    )
    assert row.find_element('css selector', '.pair.deleted').text == 'SONNE\n·\nD'
    spoken = row.find_element('css selector', '.alignment .hidden').get_attribute('textContent')
    assert spoken == 'MORGEN. SONNE missed'


def test_times_are_drawn_when_they_are_opened(page):
    page.header('Sentence').click()
    assert not page.browser.find_elements('css selector', 'details svg')
    page.open_times()
    labels = [text.text for text in page.browser.find_elements('css selector', 'details svg .label')]
    assert labels == ['HEUTE 100 %', 'SCHNEE (S: REGEN) 50 %', 'NORD 33 %']
    left = [float(box.get_attribute('x')) for box in page.browser.find_elements('css selector', 'details svg rect')]
    # Frames 2, 12 and 22 of 50: equal distances, a fifth of the axis each.
    width = float(page.find('details svg').get_attribute('width')) - 24
    assert [right - one for one, right in zip(left, left[1:])] == pytest.approx([width / 5] * 2)
    cells = [cell.text for cell in page.browser.find_elements('css selector', 'table.times tbody tr:nth-child(2) > *')]
    assert cells == ['SCHNEE', '0.48', '0.72', '0.50', 'instead of REGEN']


def test_keyboard_alone(page):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    def press(*keys):
        ActionChains(page.browser).send_keys(*keys).perform()

    press(Keys.TAB)
    assert page.run('document.activeElement.className') == 'skip'
    assert page.run('document.activeElement.getBoundingClientRect().left') >= 0
    press(Keys.ENTER, Keys.TAB)
    assert page.run('document.activeElement.id') == 'query'
    press('regen')
    page.wait_for('2 of 5 sentences')
    press(Keys.TAB, Keys.TAB, Keys.TAB, Keys.ENTER)  # show, signer, reset
    page.wait_for('5 of 5 sentences')
    press(Keys.TAB, Keys.TAB, Keys.TAB, Keys.TAB)  # show, signer, reset, the first header
    assert page.run('document.activeElement.textContent').startswith('Sentence')
    assert page.run('getComputedStyle(document.activeElement).outlineStyle') == 'solid'
    press(Keys.SPACE)
    assert page.order_of('Sentence') == 'ascending'
    reached = []
    for _ in range(8):
        press(Keys.TAB)
        reached.append(page.run('document.activeElement.tagName'))
    assert reached == ['BUTTON'] * 6 + ['SUMMARY'] * 2


def test_structure_for_screen_readers(page):
    assert page.run('document.documentElement.lang') == 'en'
    assert page.run('[...document.querySelectorAll("table")].every(t => t.caption && t.caption.textContent)')
    assert page.run('[...document.querySelectorAll("th")].every(th => th.scope)')
    assert page.run('[...document.querySelectorAll("input, select")].every(box => box.labels.length)')
    assert page.run('document.getElementById("matches").getAttribute("aria-live")') == 'polite'
    named = 'aria-label], [aria-labelledby'
    assert page.run(f'[...document.querySelectorAll("section, nav")].every(e => e.matches("[{named}]"))')


def test_comparison(comparison):
    page = comparison
    assert page.find('.headline').text == '-10.00'
    assert page.rows() == ['a', 'c', 'b', 'e', 'd']  # -1, -1, 0, 0, +1
    assert page.rows(column='td:nth-child(5)') == ['-1', '-1', '0', '0', '+1']
    page.header('B − A').click()
    assert page.rows()[0] == 'd'
    for value, expected in (('changed', ['d', 'a', 'c']), ('better', ['a', 'c']), ('worse', ['d']), ('even', [])):
        page.find(f'#filter option[value={value}]').click()
        assert page.rows() == expected
    page.find('#filter option[value=worse]').click()
    runs = [run.text for run in page.browser.find_elements('css selector', '#sentence-table .alignment .run')]
    assert runs == ['A', 'B']
    assert page.rows('confusions-S', 'td.number') == ['1', '0']
    page.open_times()
    tracks = [text.text for text in page.browser.find_elements('css selector', 'svg .track')]
    assert tracks == ['A', 'B']


@pytest.mark.parametrize('name', ['one', 'two'])
@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_a_narrow_window_needs_no_sideways_scrolling(browser, pages, name, scheme):
    browser.execute_cdp_cmd(
        'Emulation.setEmulatedMedia', {'features': [{'name': 'prefers-color-scheme', 'value': scheme}]}
    )
    browser.execute_cdp_cmd(
        'Emulation.setDeviceMetricsOverride', {'width': 400, 'height': 800, 'deviceScaleFactor': 1, 'mobile': False}
    )
    try:
        page = Page(browser, pages / f'{name}.html')
        assert page.run('document.documentElement.scrollWidth <= document.documentElement.clientWidth')
        dark = page.run('getComputedStyle(document.body).backgroundColor') == 'rgb(20, 23, 26)'
        assert dark == (scheme == 'dark')
    finally:
        browser.execute_cdp_cmd('Emulation.clearDeviceMetricsOverride', {})


def test_names_are_text_and_nothing_is_loaded(browser, tmp_path):
    nasty = '</script><img/src=x/onerror=document.title="run">&lt;"\''
    run = load_results(write_results(tmp_path, sentences=[(nasty, nasty, nasty, f'X{nasty}', '')]), name=nasty)
    (tmp_path / 'x.html').write_text(render_page(gather([run])), encoding='utf-8')
    page = Page(browser, tmp_path / 'x.html')
    assert page.find('.id').text == nasty
    assert page.find('.pair .ref').text == nasty
    page.open_times()
    assert browser.title == f'Word error rate: {nasty}'
    assert not page.run('document.images.length')
    assert page.run('performance.getEntriesByType("resource").length') == 0
    assert browser.get_log('browser') == []


def test_many_sentences_are_shown_a_page_at_a_time(browser, tmp_path):
    sentences = [(f's{i:04}', f'Signer{i % 9}', 'A B C D E F G H', 'A X C D F G H I', '') for i in range(600)]
    run = load_results(write_results(tmp_path, sentences=sentences))
    (tmp_path / 'x.html').write_text(render_page(gather([run], resamples=100)), encoding='utf-8')
    page = Page(browser, tmp_path / 'x.html')
    assert page.rows() == [f's{i:04}' for i in range(50)]
    next_page = page.browser.find_elements('css selector', '#sentence-table .pager button')[1]
    next_page.click()
    assert page.rows()[0] == 's0050'
    assert page.find('#sentence-table .pager [role=status]').text == '51 to 100 of 600'
    page.find('#query').send_keys('s0599')
    page.wait_for('1 of 600 sentences')
    assert page.rows() == ['s0599']
    assert not page.find('#sentence-table .pager').is_displayed()
