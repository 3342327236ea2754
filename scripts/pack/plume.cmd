@echo off
rem The command line of an installed Plume Studio: the app's own Node runs the app's own program.
"%~dp0..\node\node.exe" "%~dp0..\app.asar.unpacked\dist\node\cli-cli.js" %*
