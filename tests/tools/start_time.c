/*
 * How long a daemon takes from its start to its first good answers.
 *
 *   start_time PORT PATH... -- COMMAND...
 *
 * Runs the command, and asks http://127.0.0.1:PORT for each path in turn until the answer is 200, as fast as it is
 * refused. Prints for each "PATH MILLISECONDS", from just before the command was run; then what the process had taken
 * of memory at the most, "peak KIB"; and ends it. Status 1: no such answer within LIMIT_S.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_S 60
#define ANSWER_S 5
#define PAUSE_NS 500000

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int connected(uint16_t port)
{
    const struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_sec = ANSWER_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
                    connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static bool is_good(uint16_t port, const char *path)
{
    char request[1024], status[] = "HTTP/1.1 nnn";
    int fd = connected(port);
    int size = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                        path);
    bool good = false;

    if (fd >= 0) {
        good = send(fd, request, (size_t)size, MSG_NOSIGNAL) == size &&
               recv(fd, status, sizeof(status) - 1, MSG_WAITALL) == (ssize_t)sizeof(status) - 1 &&
               strcmp(status + strlen("HTTP/1.1 "), "200") == 0;
        close(fd);
    }
    return good;
}

static bool has_ended(void)
{
    siginfo_t ended = {0};

    return waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid != 0;
}

static bool await(uint16_t port, const char *path, double start_ms)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};

    while (!is_good(port, path)) {
        if (now_ms() - start_ms > LIMIT_S * 1e3 || has_ended()) {
            fprintf(stderr, "start_time: no good answer for %s\n", path);
            return false;
        }
        nanosleep(&pause, NULL);
    }
    printf("%s %.1f\n", path, now_ms() - start_ms);
    return true;
}

static pid_t run(char *const *command)
{
    pid_t pid = fork();

    if (pid == 0) {
        execvp(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    return pid;
}

static int usage(void)
{
    fprintf(stderr, "usage: start_time PORT PATH... -- COMMAND...\n");
    return 64;
}

int main(int argc, char **argv)
{
    int dashes = 2, status = 0;
    struct rusage usage_of_child;

    while (dashes < argc && strcmp(argv[dashes], "--") != 0) {
        dashes++;
    }
    if (dashes + 1 >= argc) {
        return usage();
    }
    double start_ms = now_ms();
    pid_t pid = run(argv + dashes + 1);
    if (pid < 0) {
        perror("fork");
        return 1;
    }
    for (int i = 2; i < dashes && status == 0; i++) {
        status = await((uint16_t)atoi(argv[1]), argv[i], start_ms) ? 0 : 1;
    }
    kill(pid, SIGTERM);
    if (wait4(pid, NULL, 0, &usage_of_child) == pid) {
        printf("peak %ld\n", usage_of_child.ru_maxrss);
    }
    return status;
}
