/*
 * Our listener with a played backend whose every address "hit@…" is in memory.
 *
 *     bench_http [threads]     prints the port, ends at the end of its input
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "tests/unit/http_play.h"

int main(int count, char **arguments)
{
    static const char *const listen[] = {"127.0.0.1:0"};
    const struct http_config config = {
        .listen = listen, .listen_count = 1, .threads = count > 1 ? atoi(arguments[1]) : 1, .max_connections = 1024,
        .max_waiting = 500, .idle_timeout_s = 30, .hot_bytes = 4 * 1024 * 1024, .token = "",
    };

    log_open(LEVEL_WARNING, LOG_FORMAT_TEXT);
    struct play *play = play_open(&config);
    printf("%u\n", play_port(play));
    fflush(stdout);
    while (getchar() != EOF) {
    }
    play_close(&play);
    return 0;
}
