@echo off
rem Opens the lab on Windows. No network is needed.
setlocal
cd /d "%~dp0"
rem First which Python is there and fits; what else is wrong, env.py says in its own words.
set "fits=import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14) or sys.maxsize < 2**32)"
for %%v in (3.13 3.12 3.11) do (
  py -%%v -c "%fits%" >nul 2>nul && (
    py -%%v files\start\env.py ready && py -%%v files\start\env.py lab
    goto end
  )
)
python -c "%fits%" >nul 2>nul && (
  python files\start\env.py ready && python files\start\env.py lab
  goto end
)
echo.
echo No Python 3.11, 3.12 or 3.13 (64-bit) was found on this computer.
echo Install one from python.org: the 64-bit installer; tick "Add python.exe to PATH".
echo Then open start.bat again. Chinese: see README.txt.
:end
pause
