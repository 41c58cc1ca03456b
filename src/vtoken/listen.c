/* Unix sockets of our own: made so that only this user can reach them. */
#include "config.h"
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "token.h"

static int unix_socket(const char *path, struct sockaddr_un *at)
{
	struct buf b = { .p = (uint8_t *)at->sun_path, .cap = sizeof at->sun_path };

	*at = (struct sockaddr_un){ .sun_family = AF_UNIX };
	buf_str(&b, path);
	buf_be(&b, 0, 1);
	if (b.bad) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

int unix_connect(const char *path)
{
	struct sockaddr_un at;
	int fd = unix_socket(path, &at);

	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
		return fd;
	int why = errno;
	close(fd);
	errno = why;
	return -1;
}

/* A socket that nobody listens on was left behind by one who was killed. */
static bool stale(const char *path)
{
	struct stat st;
	int fd = unix_connect(path);

	if (fd >= 0) {
		close(fd);
		return false;
	}
	return errno == ECONNREFUSED && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

int unix_listen(const char *path)
{
	struct sockaddr_un at;

	if (stale(path))
		(void)unlink(path);
	int fd = unix_socket(path, &at);
	if (fd < 0)
		return -1;
	mode_t old = umask(0177);
	int rv = bind(fd, (struct sockaddr *)&at, sizeof at);
	umask(old);
	if (rv == 0 && listen(fd, 64) == 0)
		return fd;
	int why = errno;
	close(fd);
	errno = why;
	return -1;
}
