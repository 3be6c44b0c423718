#include "tests/tools/script.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX (1024 * 1024)

extern char **environ;

static pid_t start(const char *path, int input, int output)
{
    posix_spawn_file_actions_t actions;
    char *arguments[] = {(char *)path, NULL};
    pid_t child = -1;

    if (posix_spawn_file_actions_init(&actions) != 0) {
        return -1;
    }
    if (posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO) != 0 ||
        posix_spawn(&child, path, &actions, NULL, arguments, environ) != 0) {
        child = -1;
    }
    posix_spawn_file_actions_destroy(&actions);
    return child;
}

static char *read_all(int file, size_t *size)
{
    off_t end = lseek(file, 0, SEEK_END);
    char *text = end >= 0 && end <= OUTPUT_MAX ? calloc(1, (size_t)end + 1) : NULL;

    *size = (size_t)end;
    if (text != NULL && pread(file, text, *size, 0) != end) {
        free(text);
        text = NULL;
    }
    return text;
}

/* Files in memory, not pipes: so nobody waits for anybody. */
char *script_run(const char *path, const char *input, size_t input_size, size_t *size)
{
    int in = memfd_create("input", MFD_CLOEXEC), out = memfd_create("output", MFD_CLOEXEC), status = -1;
    char *text = NULL;

    if (in >= 0 && out >= 0 && pwrite(in, input, input_size, 0) == (ssize_t)input_size) {
        pid_t child = start(path, in, out);
        if (child > 0 && waitpid(child, &status, 0) == child && status == 0) {
            text = read_all(out, size);
        }
    }
    if (in >= 0) {
        close(in);
    }
    if (out >= 0) {
        close(out);
    }
    return text;
}
