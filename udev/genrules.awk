# Makes 70-bsre-token.rules of readers.tsv.
BEGIN {
	FS = "\t"
	print "# A token or reader was plugged in: the token service of whoever is logged in may start."
	print "# Made from readers.tsv. Below 73, where others look at ID_SMARTCARD_READER."
	print "ACTION==\"remove\", GOTO=\"bsre_token_end\""
	print "SUBSYSTEM!=\"usb\", GOTO=\"bsre_token_end\""
	print "ENV{DEVTYPE}!=\"usb_device\", GOTO=\"bsre_token_end\""
	print "ENV{ID_USB_INTERFACES}==\"*:0b00??:*\", ENV{ID_SMARTCARD_READER}=\"1\""
}
/^#/ || !NF { next }
NF != 3 || $1 !~ /^[0-9a-f][0-9a-f][0-9a-f][0-9a-f]$/ || $2 !~ /^[0-9a-f][0-9a-f][0-9a-f][0-9a-f]$/ {
	print FILENAME ":" FNR ": not VENDOR, PRODUCT, NAME" > "/dev/stderr"
	exit bad = 1
}
{
	print "# " $3
	printf "ATTR{idVendor}==\"%s\", ATTR{idProduct}==\"%s\", ENV{ID_SMARTCARD_READER}=\"1\"\n", $1, $2
}
END {
	if (bad)
		exit 1
	print "ENV{ID_SMARTCARD_READER}==\"1\", TAG+=\"systemd\", ENV{SYSTEMD_USER_WANTS}+=\"bsre-tokend.socket\""
	print "LABEL=\"bsre_token_end\""
}
