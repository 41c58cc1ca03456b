# udev: the rule that lets a plugged token wake the service
udevrulesdir = @udevrulesdir@
nodist_udevrules_DATA = udev/70-bsre-token.rules
CLEANFILES += udev/70-bsre-token.rules
EXTRA_DIST += udev/readers.tsv udev/genrules.awk udev/check.sh
udev/70-bsre-token.rules: $(srcdir)/udev/readers.tsv $(srcdir)/udev/genrules.awk
	$(AM_V_GEN)mkdir -p udev && $(AWK) -f $(srcdir)/udev/genrules.awk $(srcdir)/udev/readers.tsv >$@.tmp && mv $@.tmp $@

TESTS += udev/check.sh
