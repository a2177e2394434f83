@echo off
rem Opens the lab on Windows. No network is needed.
setlocal
cd /d "%~dp0"
for %%v in (3.13 3.12 3.11) do (
  py -%%v files\start\env.py ready >nul 2>nul && (
    py -%%v files\start\env.py lab
    goto end
  )
)
python files\start\env.py ready >nul 2>nul && (
  python files\start\env.py lab
  goto end
)
echo.
echo No Python 3.11, 3.12 or 3.13 (64-bit) was found on this computer.
echo Install one from python.org: the 64-bit installer; tick "Add python.exe to PATH".
echo Then open start.bat again. Chinese: see README.txt.
:end
pause
