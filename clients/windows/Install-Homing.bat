@echo off
rem Installs Homing's agent: asks for administrator rights, then runs install.ps1 beside this file with the same arguments.
setlocal DisableDelayedExpansion
set "HOMING_SETUP=%~dp0install.ps1"
rem Started by a double click, the window would be gone before anybody has read it; with -Quiet nobody is there to press a key.
set "HOMING_WAIT="
echo "%CMDCMDLINE:"=%" | "%SystemRoot%\System32\find.exe" /i "/c" >nul && set "HOMING_WAIT=1"
if not exist "%HOMING_SETUP%" (
  echo install.ps1 is missing: unpack the whole archive first. 1>&2
  set "HOMING_RESULT=1"
  goto words
)
"%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe" -NoProfile -ExecutionPolicy Bypass -File "%HOMING_SETUP%" %*
set "HOMING_RESULT=%ERRORLEVEL%"
if not "%HOMING_RESULT%"=="0" echo The installation did not succeed (%HOMING_RESULT%). 1>&2
:words
set /a HOMING_LEFT=40
:word
if /i "%~1"=="-Quiet" set "HOMING_WAIT="
shift /1
set /a HOMING_LEFT-=1
if %HOMING_LEFT% gtr 0 goto word
if defined HOMING_WAIT pause
exit /b %HOMING_RESULT%
