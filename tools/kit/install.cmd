@echo off
rem Install napari-vcf for the person who runs this: no network, no administrator. Set PYTHON to pick another Python.
setlocal
set "HERE=%~dp0"
if defined PYTHON goto named
for %%V in (3.13 3.12 3.11 3.14) do (
    py -%%V -c "" >nul 2>&1 && (
        py -%%V "%HERE%install.py" %*
        goto done
    )
)
set "PYTHON=python"
:named
"%PYTHON%" -c "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))" >nul 2>&1 || goto missing
"%PYTHON%" "%HERE%install.py" %*
:done
set "STATUS=%ERRORLEVEL%"
pause
exit /b %STATUS%
:missing
echo error: Python 3.11 to 3.14 is needed and was not found.
echo        Its installer from python.org needs no administrator where "Install for me only" is chosen.
echo        Set PYTHON to the python.exe of one that lies elsewhere, and try again.
pause
exit /b 1
