#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int fault(const char *path, struct error *error)
{
    return error_set(error, "%s: %s", path, strerror(errno));
}

/* O_NONBLOCK, so that the open of a FIFO does not wait for a writer: it is refused a line later. */
static int open_regular(const char *path, struct stat *status, struct error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0) {
        return fault(path, error);
    }
    if (fstat(fd, status) != 0) {
        fault(path, error);
    } else if (S_ISREG(status->st_mode)) {
        return fd;
    } else {
        error_set(error, "%s: not a regular file", path);
    }
    close(fd);
    return -1;
}

static int read_to_end(int fd, const char *path, struct buffer *buffer, struct error *error)
{
    uint8_t piece[16384];
    ssize_t size;

    do {
        size = read(fd, piece, sizeof(piece));
        if (size > 0) {
            buffer_append(buffer, piece, (size_t)size);
        }
    } while (!buffer->failed && (size > 0 || (size < 0 && errno == EINTR)));
    explicit_bzero(piece, sizeof(piece)); /* it may have been a secret */
    if (size < 0) {
        return fault(path, error);
    }
    if (buffer->failed) {
        return error_set(error, "%s: larger than %zu bytes, or out of memory", path, buffer->max_bytes);
    }
    return 0;
}

int file_read(const char *path, struct buffer *buffer, struct error *error)
{
    struct stat status;
    int fd = open_regular(path, &status, error), result = -1;

    if (fd >= 0) {
        result = read_to_end(fd, path, buffer, error);
        close(fd);
    }
    return result;
}

/* systemd.exec(5): the service manager keeps the folder to the service, and lets it read by an ACL, which stat() shows
 * as if the group could. */
static bool is_credential(const char *path)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    size_t size = folder != NULL ? strlen(folder) : 0;

    return size > 0 && strncmp(path, folder, size) == 0 && path[size] == '/' && strchr(path + size + 1, '/') == NULL;
}

static int check_secret(const char *path, const struct stat *status, struct error *error)
{
    mode_t others = S_IWGRP | S_IROTH | S_IWOTH | (is_credential(path) ? 0 : S_IRGRP);

    if (status->st_uid != geteuid() && status->st_uid != 0) {
        return error_set(error, "%s: holds a secret, but belongs to uid %ju, neither us nor root", path,
                         (uintmax_t)status->st_uid);
    }
    if ((status->st_mode & others) != 0) {
        return error_set(error, "%s: holds a secret, but others than its owner may read or write it (mode %04o): "
                         "chmod 600", path, (unsigned)(status->st_mode & 07777));
    }
    return 0;
}

static void cut_line_ends(struct buffer *buffer, size_t from)
{
    while (buffer->size > from &&
           (buffer->data[buffer->size - 1] == '\n' || buffer->data[buffer->size - 1] == '\r')) {
        buffer->data[--buffer->size] = '\0';
    }
}

int file_read_secret(const char *path, struct buffer *buffer, struct error *error)
{
    struct stat status;
    int fd = open_regular(path, &status, error), result = -1;
    size_t before = buffer->size;

    if (fd < 0) {
        return -1;
    }
    if (check_secret(path, &status, error) == 0 && read_to_end(fd, path, buffer, error) == 0) {
        cut_line_ends(buffer, before);
        result = 0;
    }
    close(fd);
    return result;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name); /* alphasort() depends on the locale */
}

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* One name of a folder; what is no file is passed over. */
static int visit_name(const char *folder, const char *name,
                      int (*visit)(void *context, const char *path, struct error *error), void *context,
                      struct error *error)
{
    char path[PATH_MAX];
    struct stat status;

    if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path)) {
        return error_set(error, "%s: a path in it is too long", folder);
    }
    if (stat(path, &status) != 0) {
        return fault(path, error);
    }
    return S_ISREG(status.st_mode) ? visit(context, path, error) : 0;
}

int file_each(const char *path, int (*visit)(void *context, const char *path, struct error *error), void *context,
              struct error *error)
{
    struct dirent **names = NULL;
    struct stat status;
    int count, result = 0;

    if (stat(path, &status) != 0) {
        return fault(path, error);
    }
    if (!S_ISDIR(status.st_mode)) {
        return visit(context, path, error);
    }
    count = scandir(path, &names, not_hidden, by_name);
    if (count < 0) {
        return fault(path, error);
    }
    for (int i = 0; i < count; i++) {
        if (result == 0) {
            result = visit_name(path, names[i]->d_name, visit, context, error);
        }
        free(names[i]);
    }
    free(names);
    return result;
}

/* The time of the last change of the inode is among them: it tells of what was written under an old time. */
static bool add_stat(const char *path, struct digest_stream *stream)
{
    struct stat status = {0};
    bool there = stat(path, &status) == 0;
    const int64_t numbers[] = {
        (int64_t)status.st_dev,          (int64_t)status.st_ino,          (int64_t)status.st_mode,
        (int64_t)status.st_size,         (int64_t)status.st_mtim.tv_sec,  (int64_t)status.st_mtim.tv_nsec,
        (int64_t)status.st_ctim.tv_sec,  (int64_t)status.st_ctim.tv_nsec,
    };

    digest_stream_add_string(stream, path);
    digest_stream_add_number(stream, there ? 0 : errno);
    for (size_t i = 0; there && i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        digest_stream_add_number(stream, numbers[i]);
    }
    return there && S_ISDIR(status.st_mode);
}

void file_add_state(const char *path, struct digest_stream *stream)
{
    struct dirent **names = NULL;
    int count = add_stat(path, stream) ? scandir(path, &names, not_hidden, by_name) : 0;

    digest_stream_add_number(stream, count);
    for (int i = 0; i < count; i++) {
        char below[PATH_MAX];

        if (snprintf(below, sizeof(below), "%s/%s", path, names[i]->d_name) < (int)sizeof(below)) {
            add_stat(below, stream);
        }
        free(names[i]);
    }
    free(names);
}
