#!/usr/bin/env bash
# Disturbs runs on a cluster of three nodes at random moments: nodes killed, frozen, told to end, cut off (where network namespaces may be made), all killed; the database away.
#   tests/cluster-rounds.sh [ROUNDS] [SUMMARY]     (100 unless it says otherwise, about a minute a round; rounds that the summary file holds already count)
# Every run must end in the hash of the undisturbed one, its record must be sound, and no participant may have been computed twice at a time.
# Prints for each kind how many, and the time from the fault until a later incarnation has committed a window: median, worst. Ends with 0 only if all rounds passed within the gates.
set -u
cd "$(dirname "$0")/.." || exit 1
export ACTORMULTISCALE_CLUSTER_ROUNDS="${1:-100}" CI=true
ACTORMULTISCALE_CLUSTER_SUMMARY=$(realpath "${2:-artifacts/cluster-rounds.tsv}")
export ACTORMULTISCALE_CLUSTER_SUMMARY
mkdir -p "$(dirname "$ACTORMULTISCALE_CLUSTER_SUMMARY")"
ip netns add am-probe 2>/dev/null && ip netns del am-probe || echo "network namespaces cannot be made here: rounds that cut networks are left out"
dotnet test tests/Cluster.Tests -c Release ${CLUSTER_ROUNDS_BUILD:-} --filter 'FullyQualifiedName~FaultTests.In_rounds'
status=$?
awk -F'\t' '
  /^FAILED/ { failed++; print; next }
  { n[$1]++; if ($2 != "-") t[$1, ++m[$1]] = $2 + 0; vain += $4; if ($5 != "-" && (least == "" || $5 + 0 < least)) least = $5 + 0 }
  END {
    for (kind in n) {
      for (i = 2; i <= m[kind]; i++) for (j = i; j > 1 && t[kind, j] < t[kind, j - 1]; j--) { x = t[kind, j]; t[kind, j] = t[kind, j - 1]; t[kind, j - 1] = x }
      worst = m[kind] ? t[kind, m[kind]] : "-"
      printf "%-16s %3d rounds, %3d moved: median %s s, worst %s s\n", kind, n[kind], m[kind], m[kind] ? t[kind, int((m[kind] + 1) / 2)] : "-", worst
      gate = kind ~ /^Kill(Keeper|Other)$/ ? 30 : kind ~ /^Terminate/ ? 5 : 0
      if (gate && m[kind] && worst > gate) { printf "  which is more than %d s\n", gate; slow = 1 }
    }
    printf "%d steps were under way when nobody counted on them any more; the shortest time between two copies of a participant was %s s\n", vain, least == "" ? "-" : least
    exit failed > 0 || slow
  }' "$ACTORMULTISCALE_CLUSTER_SUMMARY" || status=1
exit $status
