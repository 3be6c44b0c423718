#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/socket.h"

/* As with a port of the loopback interface, everybody on this machine may connect, who may enter the folder. */
#define MODE 0666

static int make_address(const char *path, struct sockaddr_un *address, struct error *error)
{
    size_t size = strlen(path);

    if (path[0] != '/') {
        return error_set(error, "a socket has an absolute path: unix:/run/certlookup/http");
    }
    if (size >= sizeof(address->sun_path)) {
        return error_set(error, "the path of a socket has at most %zu bytes", sizeof(address->sun_path) - 1);
    }
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, size);
    return 0;
}

int socket_path_check(const char *path, struct error *error)
{
    struct sockaddr_un address;

    return make_address(path, &address, error);
}

/* A socket that a process left there which did not come to its end. */
static bool is_abandoned(const struct sockaddr_un *address)
{
    struct stat status;

    if (lstat(address->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) {
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool result = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
                  errno == ECONNREFUSED;

    if (fd >= 0) {
        close(fd);
    }
    return result;
}

static int bind_to(int fd, const struct sockaddr_un *address)
{
    if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0) {
        return 0;
    }
    return errno == EADDRINUSE && is_abandoned(address) && unlink(address->sun_path) == 0
               ? bind(fd, (const struct sockaddr *)address, sizeof(*address)) : -1;
}

int socket_path_listen(const char *path, struct error *error)
{
    struct sockaddr_un address;

    if (make_address(path, &address, error) != 0) {
        return -1;
    }
    const char *step = "socket";
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || (step = "bind", bind_to(fd, &address)) != 0 || (step = "chmod", chmod(path, MODE)) != 0 ||
        (step = "listen", listen(fd, SOMAXCONN)) != 0) {
        errno = errno == EEXIST ? EADDRINUSE : errno;
        error_set(error, "%s: %s", step, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

void socket_path_remove(const char *path)
{
    struct sockaddr_un address;

    if (make_address(path, &address, NULL) == 0 && is_abandoned(&address)) {
        (void)unlink(path);
    }
}
