# debian: the Debian packages, made in deb/ of the build folder
EXTRA_DIST += scripts/deb scripts/install-test tests/tools/install-steps.sh debian/bsre-token.dirs debian/bsre-token.docs debian/bsre-token.install debian/bsre-token.postinst \
	debian/bsre-token.prerm debian/bsre-vtoken.install debian/changelog debian/control \
	debian/copyright debian/libbsre-pkcs11.install debian/rules debian/source/format
# where IT staff put the CAs' certificates (a PIV token has no place for them)
install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(sysconfdir)/bsre-token/chain.d'

deb:
	'$(top_srcdir)/scripts/deb' .
clean-local:
	rm -rf deb
.PHONY: deb
