# data: user units of the service, p11-kit's registration
systemduserunitdir = @systemduserunitdir@
p11moduledir = @p11moduledir@
dist_systemduserunit_DATA = data/bsre-tokend.socket data/bsre-token-prompt.socket
nodist_systemduserunit_DATA = data/bsre-tokend.service data/bsre-token-prompt@.service
nodist_p11module_DATA = data/bsre-token.module
# a unit for a service account, to be copied: bsre-tokend(8)
examplesdir = $(docdir)/examples
nodist_examples_DATA = data/bsre-tokend@.service
EXTRA_DIST += data/bsre-tokend@.service.in data/bsre-tokend.service.in data/bsre-token-prompt@.service.in \
	data/bsre-token.module.in
CLEANFILES += data/bsre-tokend@.service data/bsre-tokend.service data/bsre-token-prompt@.service data/bsre-token.module

# here, not in configure: the folders are known in full only to make. The module goes by its name alone
# where p11-kit looks by itself: then the file is the same for every architecture that is installed.
fill_in = $(AM_V_GEN)mkdir -p data && sed -e 's|@tokendlibexecdir[@]|$(tokendlibexecdir)|g' \
	-e 's|@pkcs11dir[@]/|$(pkcs11dir)/|g' -e 's|: $(p11_module_path)/|: |' \
	$(srcdir)/$@.in >$@.tmp && mv $@.tmp $@
data/bsre-tokend.service: $(srcdir)/data/bsre-tokend.service.in Makefile
	$(fill_in)
data/bsre-tokend@.service: $(srcdir)/data/bsre-tokend@.service.in Makefile
	$(fill_in)
data/bsre-token-prompt@.service: $(srcdir)/data/bsre-token-prompt@.service.in Makefile
	$(fill_in)
data/bsre-token.module: $(srcdir)/data/bsre-token.module.in Makefile
	$(fill_in)
