"""Lets OpenShot (Debian's openshot-qt 2.6.1) import an EDL that we wrote and export it again, by its own code, without its window."""
import json
import os
import sys
from unittest.mock import MagicMock

from PyQt5.QtWidgets import QFileDialog
from classes.app import OpenShotApp

edl, exported, told = sys.argv[1:4]
app = OpenShotApp(sys.argv[:1], mode="unittest")
app.window = MagicMock()
app._tr = lambda text: text
app.updates.update_untracked(["fps"], {"num": 25, "den": 1})

from classes.exporters.edl import export_edl
from classes.importers.edl import import_edl
from classes.query import Clip

# It knows no reel but "AX", its word for a file.
text = open(edl, encoding="utf8").read().replace("  ONE   ", "  AX    ").replace("  TWO   ", "  AX    ")
open("as-ax.edl", "w", encoding="utf8", newline="").write(text)
QFileDialog.getOpenFileName = staticmethod(lambda *args: ("as-ax.edl", ""))
import_edl()
clips = [
    {"name": os.path.basename(clip.data["title"]), **{key: clip.data[key] for key in ("position", "start", "end")}}
    for clip in sorted(Clip.filter(), key=lambda clip: clip.data["position"])
]
json.dump({"fps": 25, "clips": clips}, open(told, "w"), indent=2)
QFileDialog.getSaveFileName = staticmethod(lambda *args: (exported, ""))
export_edl()
os._exit(0)
