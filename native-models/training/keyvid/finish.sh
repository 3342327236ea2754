#!/bin/sh
# Exports the trained weights, judges them end to end and writes report.json and the reference vectors.
# Usage: keyvid/finish.sh OUT_DIR [pairs a process] [VERSION STEPS AUDIO_KEYFRAMES AUDIO_INTERPOLATION].  Run it in the folder above keyvid/.
set -e
W=$1 N=${2:-24} A=../../assets/models/keyvid
export OMP_NUM_THREADS=1
python3 -m keyvid.export "$W" $A "${3:-1.0}" "${4:-12}" "${5:-1.5}" "${6:-1.0}"
setsid python3 -m keyvid.judge $A "$W" "$W/judged-0.json" 0 "$N" > "$W/judge-0.log" 2>&1 &
setsid -w python3 -m keyvid.judge $A "$W" "$W/judged-1.json" "$N" "$N" > "$W/judge-1.log" 2>&1
wait
python3 -m keyvid.report "$W" $A keyvid/report.json "$W/judged-0.json" "$W/judged-1.json"
python3 -m keyvid.golden $A keyvid/golden
