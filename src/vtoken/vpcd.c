/* The connection to vsmartcard's vpcd, which plays a reader for pcscd: we are its card. */
#include "config.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include "token.h"

enum { RETRY_US = 200000 };

static bool connected(const struct token *t)
{
	for (size_t i = 0; i < PORTS; i++)
		if (t->ports[i] && t->ports[i]->fd >= 0 && t->ports[i]->vpcd)
			return true;
	return false;
}

void vpcd_connect(struct token *t)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(t->vpcd_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	if (!t->vpcd_port || !t->plugged || now_us() < t->vpcd_retry || connected(t))
		return;
	t->vpcd_retry = now_us() + RETRY_US;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
		close(fd);
		return;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	if (!port_add(t, fd, true))
		close(fd);
}
