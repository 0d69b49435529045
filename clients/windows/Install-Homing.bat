@echo off
rem Installs Homing's agent: asks for administrator rights, then runs install.ps1 beside this file with the same arguments.
setlocal
set "HOMING_SETUP=%~dp0install.ps1"
if not exist "%HOMING_SETUP%" (
  echo install.ps1 is missing: unpack the whole archive first.
  pause
  exit /b 1
)
"%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe" -NoProfile -ExecutionPolicy Bypass -File "%HOMING_SETUP%" %*
set "HOMING_RESULT=%ERRORLEVEL%"
if not "%HOMING_RESULT%"=="0" echo The installation did not succeed (%HOMING_RESULT%).
rem Started by a double click, the window would be gone before anybody has read it.
echo %CMDCMDLINE% | "%SystemRoot%\System32\find.exe" /i "/c" >nul && pause
exit /b %HOMING_RESULT%
