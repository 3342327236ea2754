"""Lets Gaupol's own library read what we wrote, and write it again in each of its formats: made with Debian's python3-aeidon 1.11-1."""
import sys
import aeidon

folder = sys.argv[1]
for source in ("srt", "vtt"):
    for kind, name in ((aeidon.formats.SUBRIP, "srt"), (aeidon.formats.WEBVTT, "vtt")):
        project = aeidon.Project(aeidon.framerates.FPS_25_000)
        project.open_main(f"{folder}/ours.{source}", "utf_8")
        target = f"{folder}/gaupol-from-{source}.{name}"
        project.save_main(aeidon.files.new(kind, target, "utf_8"))
    # As its users do: everything half a second later, and the second subtitle cut in two at its middle.
    project = aeidon.Project(aeidon.framerates.FPS_25_000)
    project.open_main(f"{folder}/ours.{source}", "utf_8")
    project.shift_positions(None, aeidon.as_seconds(0.5))
    project.split_subtitle(0)
    project.save_main(aeidon.files.new(aeidon.formats.SUBRIP, f"{folder}/gaupol-edited-from-{source}.srt", "utf_8"))
