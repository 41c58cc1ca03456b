/* The end of the ledger, in a file of its own. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "head.h"

static const char file[] = "head", draft[] = "head.new";

struct head head_empty(void)
{
	struct head h = { .month = "0000-00" };

	memset(h.hash, '0', HEAD_HASH);
	return h;
}

size_t head_print(const struct head *h, char out[HEAD_TEXT])
{
	int n = snprintf(out, HEAD_TEXT, "%s %llu %s\n", h->month, h->bytes, h->hash);

	return n > 0 && n < HEAD_TEXT ? (size_t)n : 0;
}

err head_parse(struct span text, struct head *out)
{
	char copy[HEAD_TEXT], again[HEAD_TEXT];
	struct head h;

	if (text.n >= sizeof copy || memchr(text.p, '\0', text.n))
		return FAIL(DATA_INVALID);
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	if (sscanf(copy, "%7[0-9-] %18llu %64[0-9a-f]", h.month, &h.bytes, h.hash) != 3)
		return FAIL(DATA_INVALID);
	/* to the letter: it must be what would be printed */
	if (strlen(h.hash) != HEAD_HASH || head_print(&h, again) != text.n || memcmp(copy, again, text.n) != 0)
		return FAIL(DATA_INVALID);
	if ((h.bytes == 0) != (strcmp(h.month, head_empty().month) == 0))
		return FAIL(DATA_INVALID);
	*out = h;
	return OK;
}

err head_read(int folder, struct head *out)
{
	uint8_t text[HEAD_TEXT];
	int fd = openat(folder, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return errno == ENOENT ? FAIL(NOT_FOUND) : FAIL(DATA_INVALID);
	ssize_t n = read(fd, text, sizeof text);
	close(fd);
	return n < 0 ? FAIL(DATA_INVALID) : head_parse((struct span){ text, (size_t)n }, out);
}

err head_write(int folder, const struct head *h)
{
	char text[HEAD_TEXT];
	size_t n = head_print(h, text);
	int fd = openat(folder, draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return FAIL(FILE);
	bool good = n && write(fd, text, n) == (ssize_t)n && fdatasync(fd) == 0;
	close(fd);
	return good && renameat(folder, draft, folder, file) == 0 ? OK : FAIL(FILE);
}
