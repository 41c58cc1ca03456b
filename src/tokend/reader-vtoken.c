/* A reader that is the virtual token itself, without pcscd between. */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "lib/secret.h"
#include "reader.h"
#include "reader-vtoken.h"

enum { FRAME_BYTES_MAX = 65535 };

struct vtoken {
	struct reader r;
	int fd;
};

int vtoken_connect(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	if (!reader_name(span_str(path), at.sun_path, sizeof at.sun_path))
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static err send_all(int fd, struct span s)
{
	struct cur c = cur_of(s);

	while (cur_left(&c)) {
		ssize_t n = send(fd, c.p, cur_left(&c), MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return FAIL(TOKEN_GONE);
		cur_take(&c, (size_t)n);
	}
	return OK;
}

err vtoken_send(int fd, struct span body)
{
	uint8_t head[2];
	struct buf b = BUF(head);

	if (body.n > FRAME_BYTES_MAX)
		return FAIL(BAD_REPLY);
	buf_be(&b, body.n, 2);
	TRY(send_all(fd, buf_span(&b)));
	return send_all(fd, body);
}

err vtoken_control(int fd, enum vtoken_control what)
{
	return vtoken_send(fd, SPAN((uint8_t)what));
}

static err receive_all(int fd, struct buf *b, size_t n)
{
	if (buf_room(b) < n)
		return FAIL(BAD_REPLY);
	while (n) {
		ssize_t got = recv(fd, b->p + b->n, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return FAIL(TOKEN_GONE);
		buf_grow(b, (size_t)got);
		n -= (size_t)got;
	}
	return OK;
}

err vtoken_receive(int fd, struct buf *body)
{
	uint8_t room[2];
	struct buf head = BUF(room);

	TRY(receive_all(fd, &head, sizeof room));
	struct cur c = cur_of(buf_span(&head));
	return receive_all(fd, body, cur_u16(&c));
}

static err transmit(struct reader *r, struct span command, struct buf *reply)
{
	struct vtoken *v = (struct vtoken *)r;
	size_t before = reply->n;

	TRY(vtoken_send(v->fd, command));
	TRY(vtoken_receive(v->fd, reply));
	return reply->n > before ? OK : FAIL(TOKEN_GONE);	/* empty: no card there */
}

/* The connection is the card: nobody else is on it. */
static err begin(struct reader *r)
{
	(void)r;
	return OK;
}

static err end(struct reader *r, enum ending how)
{
	struct vtoken *v = (struct vtoken *)r;

	return how == END_RESET ? vtoken_control(v->fd, VTOKEN_RESET) : OK;
}

static void close_vtoken(struct reader *r)
{
	struct vtoken *v = (struct vtoken *)r;

	close(v->fd);			/* it powers the card off */
	free(v);
}

static err power_up(struct vtoken *v)
{
	struct buf atr = BUF(v->r.atr);

	TRY(vtoken_control(v->fd, VTOKEN_ON));
	TRY(vtoken_control(v->fd, VTOKEN_ATR));
	TRY(vtoken_receive(v->fd, &atr));
	v->r.atr_n = atr.n;
	return atr.n ? OK : FAIL(NO_TOKEN);
}

err reader_open_vtoken(struct span name, struct reader **out)
{
	char path[sizeof ((struct sockaddr_un *)0)->sun_path];
	struct cur c = cur_of(name);

	cur_take(&c, strlen(VTOKEN_PREFIX));
	if (!reader_name(cur_rest(&c), path, sizeof path))
		return FAIL(NO_TOKEN);
	int fd = vtoken_connect(path);
	if (fd < 0)
		return FAIL(NO_TOKEN);
	struct vtoken *v = calloc(1, sizeof *v);
	if (!v) {
		close(fd);
		return FAIL(QUOTA);
	}
	v->fd = fd;
	v->r = (struct reader){ .transmit = transmit, .begin = begin, .end = end,
		.close = close_vtoken, .protocol = 1 };
	err e = power_up(v);
	if (!ok(e)) {
		close_vtoken(&v->r);
		return e;
	}
	*out = &v->r;
	return OK;
}
