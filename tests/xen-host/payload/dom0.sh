# dom0.sh: runs the suite in domain 0 while the guest starts and runs it, too
guest &
guest=$!
sh ./suite.sh
code=$?
wait $guest && exit $code
exit 1
