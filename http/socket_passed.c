#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "http/socket.h"

/* Of the protocol: the first descriptor that is passed. */
#define FIRST_FD 3
#define MAX_PASSED 256

static int64_t number_of(const char *variable)
{
    const char *text = getenv(variable);
    int64_t number = 0;

    return text != NULL && text_parse_number(text, &number, NULL) == 0 ? number : 0;
}

/* For us, and not for the process that started us and forgot to take them out of our environment. */
static int passed_count(void)
{
    int64_t count = number_of("LISTEN_PID") == getpid() ? number_of("LISTEN_FDS") : 0;

    return count > 0 && count <= MAX_PASSED ? (int)count : 0;
}

/* The place of the name in "name:other:third"; -1: it has none. */
static int find_name(const char *name, int count)
{
    const char *names = getenv("LISTEN_FDNAMES");

    for (int i = 0; i < count && names != NULL; i++) {
        size_t size = strcspn(names, ":");

        if (strlen(name) == size && strncmp(names, name, size) == 0) {
            return i;
        }
        names = names[size] == ':' ? names + size + 1 : NULL;
    }
    return -1;
}

static bool listens(int fd)
{
    int type = 0, accepts = 0;
    socklen_t size = sizeof(int);

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) == 0 && accepts != 0;
}

static int take(int fd, struct error *error)
{
    int flags = fcntl(fd, F_GETFL), duplicate = -1;

    if (flags < 0 || !listens(fd)) {
        return error_set(error, "descriptor %d is no socket that listens for connections", fd);
    }
    if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
        (duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 0)) < 0) {
        return error_set(error, "%s", strerror(errno));
    }
    return duplicate;
}

int socket_passed_listen(const char *name, struct error *error)
{
    int count = passed_count();
    int at = name[0] != '\0' ? find_name(name, count) : 0;

    if (count == 0) {
        return error_set(error, "whoever started this passed no socket (LISTEN_FDS)");
    }
    if (name[0] == '\0' && count > 1) {
        return error_set(error, "%d sockets were passed: say which, as in \"systemd:NAME\"", count);
    }
    if (at < 0) {
        return error_set(error, "no socket of this name was passed (FileDescriptorName=)");
    }
    return take(FIRST_FD + at, error);
}
