"""Scores what the tests of `speaking` left in a folder: PESQ, narrow band (ITU-T P.862.1).

python3 -m venv /tmp/pesq && /tmp/pesq/bin/pip install pesq scipy
/tmp/pesq/bin/python -P core/server/tests/peers/pesq.py FOLDER
"""

import sys
from pathlib import Path

import numpy
from pesq import pesq
from scipy.signal import correlate

RATE = 8_000
# What comes before settles: tones, buffers.
FROM, TO = 2 * RATE, 9 * RATE


def read(path):
    data = path.read_bytes()[44:]
    return numpy.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(float)


for said in sorted(Path(sys.argv[1]).glob("*-said.wav")):
    case = said.name.removesuffix("-said.wav")
    said, heard = read(said), read(said.with_name(f"{case}-heard.wav"))
    lag = int(correlate(heard, said).argmax()) - len(said) + 1
    score = pesq(RATE, said[FROM:TO], heard[FROM + lag : TO + lag], "nb")
    print(f"{case:12} {score:.2f}")
