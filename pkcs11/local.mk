# pkcs11: the module that programs load; libc alone
pkcs11_LTLIBRARIES += libbsre-pkcs11.la
libbsre_pkcs11_la_SOURCES = \
	pkcs11/find.c \
	pkcs11/functions.def pkcs11/lists.c pkcs11/pkcs11-3.h \
	pkcs11/key.c \
	pkcs11/login.c \
	pkcs11/mechanism.c \
	pkcs11/module.c pkcs11/module.h \
	pkcs11/object.c \
	pkcs11/op.c pkcs11/op.h pkcs11/op-calls.c \
	pkcs11/params.c pkcs11/template.c pkcs11/template.h \
	pkcs11/session.c \
	pkcs11/size.c pkcs11/size.h \
	pkcs11/slot.c
libbsre_pkcs11_la_LIBADD = libbsrewire.la
# nodelete: programs unload it while their threads still are in it (p11-kit, Java)
libbsre_pkcs11_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-export-symbols-regex '^C_[A-Z][A-Za-z]*$$' \
	-Wl,-z,nodelete -Wl,-z,defs -Wl,--gc-sections -Wl,--as-needed

EXTRA_DIST += tests/module/fake.c tests/module/fake.h

# nobody links with it, so nobody needs libtool's note of how to
install-data-hook:
	rm -f '$(DESTDIR)$(pkcs11dir)/libbsre-pkcs11.la'
uninstall-hook:
	rm -f '$(DESTDIR)$(pkcs11dir)/libbsre-pkcs11.so'
