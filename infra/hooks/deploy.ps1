# Runs `python -m reelbrush.deploy @args` with the first Python 3.11 or newer that is found.
Set-Location (Join-Path $PSScriptRoot '../..') -ErrorAction Stop
# A Python that is too old ends with 1, which is no error here; under 'Stop' some versions of PowerShell would end.
$ErrorActionPreference = 'Continue'
if ($env:REELBRUSH_SKIP_HOOKS -and ($env:REELBRUSH_SKIP_HOOKS -in @($args[0], 'all'))) {
    Write-Output "note  $($args[0]): left out, because REELBRUSH_SKIP_HOOKS is $env:REELBRUSH_SKIP_HOOKS"
    exit 0
}
foreach ($python in @($env:REELBRUSH_PYTHON, '.venv/Scripts/python.exe', 'python', 'python3', 'py')) {
    if (-not $python -or -not (Get-Command $python -ErrorAction SilentlyContinue)) { continue }
    & $python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>$null
    if ($LASTEXITCODE -eq 0) {
        & $python -m reelbrush.deploy @args
        exit $LASTEXITCODE
    }
}
[Console]::Error.WriteLine('FAIL  python: Python 3.11 or newer was not found')
[Console]::Error.WriteLine('      fix: install it, or set REELBRUSH_PYTHON to its path')
exit 1
