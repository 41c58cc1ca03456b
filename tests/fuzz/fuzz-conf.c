/* Hostile configuration files: one that is taken sets each key within its row, one that is not changes
 * nothing. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "lib/log.h"
#include "lib/span.h"
#include "tokend/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char path[] = "/tmp/fuzz-conf-XXXXXX";

static void leave(void)
{
	unlink(path);
}

static void need(bool fine)
{
	if (!fine)
		abort();
}

static void put_file(const uint8_t *data, size_t n)
{
	static int fd = -1;

	if (fd < 0) {
		log_level((enum log_level)0);
		fd = mkstemp(path);
		atexit(leave);
	}
	need(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, n, 0) == (ssize_t)n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct conf c, defaults;

	conf_default(&defaults);
	c = defaults;
	put_file(data, n);
	if (!ok(conf_read(&c, path))) {
		need(span_eq(SPAN_OF(((struct conf[]){ c })), SPAN_OF(((struct conf[]){ defaults }))));
		return 0;
	}
#define CONF(key, field, least, most, otherwise, unit, what) need(c.field + 1u > least && c.field <= most);
#define TEXT(key, set, otherwise, what)
#define MODULE(key, set, what)
#include "tokend/conf.def"
#undef TEXT
#undef MODULE
	return 0;
}
