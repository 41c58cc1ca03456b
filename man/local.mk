# man
dist_man_MANS += man/bsre-token.1 man/bsre-token-json.5 man/bsre-tokend.8 man/bsre-tokend.conf.5 \
	man/libbsre-pkcs11.7

# the utility's manuals in Bahasa Indonesia
idmandir = $(mandir)/id/man1
dist_idman_DATA = man/id/bsre-token.1
idman5dir = $(mandir)/id/man5
dist_idman5_DATA = man/id/bsre-token-json.5
