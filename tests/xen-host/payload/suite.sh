# suite.sh: runs each *.test.mjs of the payload on the three runtimes, between the lines that results.ts reads
set -o pipefail
export DENO_DIR=/tmp/deno DENO_NO_UPDATE_CHECK=1
code=0
for suite in *.test.mjs; do
  for runtime in node deno bun; do
    case $runtime in
      node) command="node --test-reporter=tap $suite" ;;
      deno) command="deno test --allow-all --no-check --no-lock $suite" ;;
      bun) command="bun test --timeout 300000 ./$suite" ;;
    esac
    echo "RUN $runtime $suite"
    timeout -k 5 900 $command </dev/null 2>&1 | cat
    status=$?
    echo "RAN $runtime $suite $status"
    [ $status = 0 ] || code=1
  done
done
exit $code
