"""Small STM and CTM files."""

STM = """\
a 1 Ann 0.0 1.79769e+308 HEUTE REGEN  NORD
b 1 Bo 0.0 1.79769e+308 MORGEN SONNE
c 1 Ann 0.0 1.79769e+308 WOLKE WIND SCHNEE REGEN WIND KALT
"""
# a: REGEN became SCHNEE; b: right; c: two deleted, one inserted
CTM = """\
a 1 0 1 HEUTE
a 1 1 1 SCHNEE
a 1 2 1 NORD
b 1 0 1 MORGEN
b 1 1 1 SONNE
c 1 0 1 WOLKE
c 1 1 1 SCHNEE
c 1 2 1 REGEN
c 1 3 1 KALT
c 1 4 1 IX
"""


def write_files(folder, stm=STM, ctm=CTM):
    """Write ``ref.stm`` and ``hyp.ctm``; returns their paths."""
    ref, hyp = folder / 'ref.stm', folder / 'hyp.ctm'
    for path, content in ((ref, stm), (hyp, ctm)):
        path.write_bytes(content if isinstance(content, bytes) else content.encode('utf-8'))
    return ref, hyp
