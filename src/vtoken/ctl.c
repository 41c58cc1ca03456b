/* bsre-vtoken ctl SOCKET COMMAND...: one order sent, its answer printed. */
#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include "token.h"

static bool send_order(int fd, char **words, int n)
{
	uint8_t line[LINE_LENGTH];
	struct buf b = BUF(line);

	for (int i = 0; i < n; i++) {
		buf_str(&b, i ? " " : "");
		buf_str(&b, words[i]);
	}
	buf_str(&b, "\n");
	return !b.bad && send(fd, b.p, b.n, MSG_NOSIGNAL) == (ssize_t)b.n;
}

/* The answer's line, without its end. */
static bool read_answer(int fd, char *line, size_t cap)
{
	size_t n = 0;

	while (n + 1 < cap) {
		ssize_t got = recv(fd, line + n, cap - 1 - n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		n += (size_t)got;
		if (line[n - 1] == '\n') {
			line[n - 1] = 0;
			return true;
		}
	}
	return false;
}

int ctl_main(int argc, char **argv)
{
	char line[LINE_LENGTH + 1];

	if (argc < 2) {
		fputs("usage: bsre-vtoken ctl SOCKET COMMAND...\n", stderr);
		return 64;
	}
	int fd = unix_connect(argv[0]);
	if (fd < 0) {
		fprintf(stderr, "bsre-vtoken: %s: %s\n", argv[0], strerror(errno));
		return 1;
	}
	bool answered = send_order(fd, argv + 1, argc - 1) && read_answer(fd, line, sizeof line);
	close(fd);
	if (!answered) {
		fprintf(stderr, "bsre-vtoken: %s: no answer\n", argv[0]);
		return 1;
	}
	puts(line);
	return span_eq(span_first(span_str(line), 2), span_str("ok")) ? 0 : 1;
}
