#!/bin/sh
# Opens the lab on macOS and Linux. No network is needed.
cd "$(dirname "$0")" || exit 1
for python in python3.13 python3.12 python3.11 python3; do
  if "$python" files/start/env.py ready >/dev/null 2>&1; then
    exec "$python" files/start/env.py lab
  fi
done
echo "No Python 3.11, 3.12 or 3.13 was found. macOS: install one from python.org."
echo "Linux: install python3.12 with your package manager. Then run: sh start.sh"
exit 1
