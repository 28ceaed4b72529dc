# guest.sh: the suite in the guest
exec sh ./suite.sh
