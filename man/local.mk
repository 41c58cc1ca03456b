# man
dist_man_MANS += man/bsre-tokend.8 man/libbsre-pkcs11.7
