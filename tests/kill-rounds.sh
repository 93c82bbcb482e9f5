#!/usr/bin/env bash
# Kills runs with "kill -9" at known and at random moments, on SQLite and on PostgreSQL, and resumes them:
#   tests/kill-rounds.sh [ROUNDS]        (100 on each store unless it says otherwise; some ten seconds a round)
# Prints one line a store with counts by moment; ends with 0 only if every run came to the undisturbed hash and its record is sound.
set -u
cd "$(dirname "$0")/.." || exit 1
export ACTORMULTISCALE_KILL_ROUNDS="${1:-100}" CI=true
ACTORMULTISCALE_KILL_SUMMARY=$(mktemp)
export ACTORMULTISCALE_KILL_SUMMARY
trap 'rm -f "$ACTORMULTISCALE_KILL_SUMMARY"' EXIT
dotnet test tests/Host.Tests -c Release --filter 'FullyQualifiedName~KillTests'
status=$?
cat "$ACTORMULTISCALE_KILL_SUMMARY"
exit $status
