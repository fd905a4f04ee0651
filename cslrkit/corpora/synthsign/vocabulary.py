"""The glosses of the synthetic corpora: weather forecasts, with invented signs."""

from typing import Dict, List

TIME, PLACE, WEATHER, DEGREE = 'time', 'place', 'weather', 'degree'
CATEGORIES = (TIME, PLACE, WEATHER, DEGREE)
POSTAGS = {TIME: 't', PLACE: 'n', WEATHER: 'n', DEGREE: 'd'}  # the part of speech that CSL-Daily's annotations give

# As the PHOENIX corpora write a gloss, and as the CSL corpora do.
_WORDS = {
    WEATHER: 'REGEN 雨 SONNE 太阳 WOLKE 云 SCHNEE 雪 WIND 风 NEBEL 雾 GEWITTER 雷雨 FROST 霜 HAGEL 冰雹 STURM 风暴 '
    'TROCKEN 干燥 WARM 温暖 KALT 寒冷 SCHAUER 阵雨 TAUEN 融化',
    PLACE: 'NORD 北方 SUED 南方 KUESTE 海岸 BERG 山 WEST 西方 OST 东方 MITTE 中部 FLUSS 河 ALPEN 高山 INSEL 岛 '
    'STADT 城市 TAL 山谷 SEE 湖 WALD 森林 LAND 乡村',
    TIME: 'MORGEN 明天 HEUTE 今天 NACHT 夜里 MONTAG 星期一 DIENSTAG 星期二 MITTWOCH 星期三 DONNERSTAG 星期四 '
    'FREITAG 星期五 SAMSTAG 星期六 SONNTAG 星期日 ABEND 晚上 MITTAG 中午 WOCHE 星期 JETZT 现在 SPAETER 以后',
    DEGREE: 'STARK 强 BISSCHEN 一点 VIEL 多 SELTEN 少 LANG 长 KURZ 短 MAESSIG 中等 SCHWACH 弱 PLOETZLICH 突然 '
    'LANGSAM 慢 UEBERALL 到处 ORTLICH 局部 MEISTENS 通常 VIELLEICHT 也许 SICHER 一定',
}
_GERMAN: Dict[str, List[str]] = {category: words.split()[::2] for category, words in _WORDS.items()}
CATEGORY: Dict[str, str] = {gloss: category for category, glosses in _GERMAN.items() for gloss in glosses}
CHINESE: Dict[str, str] = dict(zip(CATEGORY, (word for words in _WORDS.values() for word in words.split()[1::2])))


def choose_glosses(count: int) -> List[str]:
    """Return ``count`` glosses, drawn from the categories in turn."""
    return [gloss for rank in zip(*_GERMAN.values()) for gloss in rank][:count]
