# guest.sh: runs the suite in the guest
exec sh ./suite.sh
