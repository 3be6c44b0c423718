#include "cli/password.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGTSTP, SIGTTIN, SIGTTOU};
#define WATCHED (sizeof(watched) / sizeof(watched[0]))

static volatile sig_atomic_t caught;

static void catch_signal(int signal)
{
    caught = signal;
}

/* One octet at a time: what follows the line on standard input belongs to somebody else. */
static int read_line(int fd, struct buffer *line, struct error *error)
{
    for (;;) {
        char c;
        ssize_t got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR && caught == 0) {
            continue;
        }
        if (got < 0) {
            return error_set(error, "%s", strerror(errno));
        }
        if (got == 0 || c == '\n') {
            break;
        }
        buffer_append_char(line, c);
    }
    return line->failed ? error_set(error, "longer than %zu bytes", line->max_bytes) : 0;
}

/* Without SA_RESTART, so that read() comes back and the terminal can be put right before the signal does its work. */
static void watch_signals(struct sigaction before[WATCHED])
{
    struct sigaction action = {.sa_handler = catch_signal};

    caught = 0;
    for (size_t i = 0; i < WATCHED; i++) {
        sigaction(watched[i], &action, &before[i]);
    }
}

static void unwatch_signals(const struct sigaction before[WATCHED])
{
    for (size_t i = 0; i < WATCHED; i++) {
        sigaction(watched[i], &before[i], NULL);
    }
}

static bool is_stop(int signal)
{
    return signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

static int ask_once(int fd, const char *prompt, struct buffer *line, struct error *error)
{
    struct sigaction before[WATCHED];
    struct termios shown, hidden;
    int result = -1;

    if (tcgetattr(fd, &shown) != 0) {
        return error_set(error, "the terminal: %s", strerror(errno));
    }
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    watch_signals(before);
    if (tcsetattr(fd, TCSAFLUSH, &hidden) != 0) {
        error_set(error, "the terminal: %s", strerror(errno));
    } else {
        dprintf(fd, "%s", prompt);
        result = read_line(fd, line, error);
        dprintf(fd, "\n");
    }
    tcsetattr(fd, TCSAFLUSH, &shown);
    unwatch_signals(before);
    return result;
}

int password_ask(const char *prompt, struct buffer *password, struct error *error)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return read_line(STDIN_FILENO, password, error);
    }
    for (;;) {
        buffer_clear(password);
        int result = ask_once(fd, prompt, password, error);
        if (caught != 0) {
            raise(caught);
        }
        if (!is_stop(caught)) { /* stopped and continued: the line begins anew */
            close(fd);
            return result;
        }
    }
}
