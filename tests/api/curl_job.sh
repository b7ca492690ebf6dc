# A whole job by curl alone: curl_job.sh BASE CLIP NAME OUT. Needs no key, as an app on this machine.
set -euo pipefail
base=$1 clip=$2 name=$3 out=$4
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
size=$(stat -c %s "$clip")
place=$(curl -sSf "$base/api/uploads" -d "{\"name\": \"$name\", \"sizeBytes\": $size, \"style\": \"identity\"}")
curl -sSf -T "$clip" -H 'x-ms-blob-type: BlockBlob' "$(field uploadUrl <<<"$place")"
blob=$(field blob <<<"$place")
job=$(curl -sSf "$base/api/jobs" -d "{\"blob\": \"$blob\"}" | field id)
while :; do
  answer=$(curl -sSf -D "$out.headers" "$base/api/jobs/$job")
  case $(field status <<<"$answer") in Succeeded) break ;; Failed | Canceled) echo "$answer" >&2; exit 1 ;; esac
  sleep "$(sed -n 's/^retry-after: *\([0-9]*\).*/\1/Ip' "$out.headers")"
done
url=$(field result <<<"$answer" | python3 -c 'import ast, sys; print(ast.literal_eval(sys.stdin.read())["url"])')
curl -sSf -o "$out" "$url"
curl -sSf "$base/api/jobs/$job/batches" | field value >/dev/null
echo "$job"
