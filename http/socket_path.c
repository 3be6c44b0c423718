#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
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

/* A socket that a process left there which did not come to its end. Leaves errno as it is. */
static bool is_abandoned(const struct sockaddr_un *address)
{
    struct stat status;
    int before = errno;

    if (lstat(address->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) {
        errno = before;
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool result = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
                  errno == ECONNREFUSED;

    if (fd >= 0) {
        close(fd);
    }
    errno = before;
    return result;
}

/* Between bind() and listen() a socket looks abandoned, and two may find the same one abandoned: so processes of ours
 * come one after the other. -1: the folder cannot be locked, as it is not readable; then they do not. */
static int lock_folder(const char *path)
{
    char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
    const char *slash = strrchr(path, '/');
    size_t size = slash == path ? 1 : (size_t)(slash - path);

    memcpy(folder, path, size);
    folder[size] = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        (void)flock(fd, LOCK_EX);
    }
    return fd;
}

static void unlock_folder(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

static int bind_to(int fd, const struct sockaddr_un *address)
{
    if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0) {
        return 0;
    }
    if (errno == EADDRINUSE && is_abandoned(address)) {
        return unlink(address->sun_path) != 0 ? -1 : bind(fd, (const struct sockaddr *)address, sizeof(*address));
    }
    return -1;
}

/* -1: `step` says at what. */
static int bind_and_listen(int fd, const struct sockaddr_un *address, const char **step)
{
    int folder = lock_folder(address->sun_path);
    bool listens = (*step = "bind", bind_to(fd, address)) == 0 &&
                   (*step = "chmod", chmod(address->sun_path, MODE)) == 0 &&
                   (*step = "listen", listen(fd, SOMAXCONN)) == 0;
    int fault = errno;

    unlock_folder(folder);
    errno = fault;
    return listens ? 0 : -1;
}

int socket_path_listen(const char *path, struct error *error)
{
    struct sockaddr_un address;

    if (make_address(path, &address, error) != 0) {
        return -1;
    }
    const char *step = "socket";
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind_and_listen(fd, &address, &step) != 0) {
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

    if (make_address(path, &address, NULL) != 0) {
        return;
    }
    int folder = lock_folder(path);

    if (is_abandoned(&address)) {
        (void)unlink(path);
    }
    unlock_folder(folder);
}
