/* version: the utility's own, and that of the cryptographic library it was run with. */
#include "config.h"
#include <openssl/crypto.h>
#include <stdio.h>
#include "cli.h"
#include "wire/frame.h"

err cmd_version(struct cli *c)
{
	json_object_set_new(c->result, "version", json_string(PACKAGE_VERSION));
	json_object_set_new(c->result, "protocol", json_integer(WIRE_VERSION));
	json_object_set_new(c->result, "openssl", json_string(OpenSSL_version(OPENSSL_VERSION)));
	if (!given(c, OPT_json))
		printf("bsre-token %s\n", PACKAGE_VERSION);
	return OK;
}
