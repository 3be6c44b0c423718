#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define DAY_S 86400
#define ERA_DAYS 146097 /* 400 years of the Gregorian calendar */
#define FIRST_S (-62167219200) /* 0000-01-01T00:00:00Z */
#define LAST_S 253402300799    /* 9999-12-31T23:59:59Z */
#define HTTP_DATE_BYTES 30

struct utc {
    int year, month, day, hour, minute, second;
    int weekday; /* 0: Sunday */
};

/*
 * The calendar by arithmetic: years begin in March, so that the leap day is the
 * last of its year and (153 m + 2) / 5 counts the days before month m.
 */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    int64_t era, year_of_era, day_of_year;

    year -= month <= 2 ? 1 : 0;
    era = (year >= 0 ? year : year - 399) / 400;
    year_of_era = year - era * 400;
    day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

/* Times outside the years 0 to 9999, which the formats cannot show, become the nearest that they can. */
static int64_t nearest(int64_t wall_s)
{
    return wall_s < FIRST_S ? FIRST_S : wall_s > LAST_S ? LAST_S : wall_s;
}

static struct utc utc_from_time(int64_t wall_s)
{
    int64_t time = nearest(wall_s);
    int64_t days = (time - FIRST_S) / DAY_S, rest = (time - FIRST_S) % DAY_S;
    int64_t shifted = days + ERA_DAYS - 60, era = shifted / ERA_DAYS; /* since 1 March of the year -400 */
    int64_t day = shifted - era * ERA_DAYS;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t day_of_year = day - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * day_of_year + 2) / 153;

    return (struct utc){
        .year = (int)(year + (era - 1) * 400 + (month >= 10 ? 1 : 0)),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)(day_of_year - (153 * month + 2) / 5 + 1),
        .hour = (int)(rest / 3600),
        .minute = (int)(rest / 60 % 60),
        .second = (int)(rest % 60),
        .weekday = (int)((days + 6) % 7), /* 0000-01-01 is a Saturday */
    };
}

int64_t text_time_from_utc(int year, int month, int day, int hour, int minute, int second)
{
    return days_from_civil(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second;
}

const char *text_time(int64_t wall_s, char out[TEXT_TIME_BYTES])
{
    struct utc utc = utc_from_time(wall_s);

    snprintf(out, TEXT_TIME_BYTES, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)utc.year % 10000U,
             (unsigned)utc.month % 100U, (unsigned)utc.day % 100U, (unsigned)utc.hour % 100U,
             (unsigned)utc.minute % 100U, (unsigned)utc.second % 100U);
    return out;
}

static void put_two(char *out, unsigned number)
{
    out[0] = (char)('0' + number / 10 % 10);
    out[1] = (char)('0' + number % 10);
}

static void put_midnight(char out[HTTP_DATE_BYTES], int64_t wall_s)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct utc utc = utc_from_time(wall_s);

    memcpy(out, "Sun, 00 Jan 0000 00:00:00 GMT", HTTP_DATE_BYTES);
    memcpy(out, days[utc.weekday], 3);
    put_two(out + 5, (unsigned)utc.day);
    memcpy(out + 8, months[utc.month - 1], 3);
    put_two(out + 12, (unsigned)utc.year / 100);
    put_two(out + 14, (unsigned)utc.year);
}

/* By hand: snprintf() costs more than all else of a response's header. The next date is mostly of the same day, so that
 * is kept. */
const char *text_http_date(int64_t wall_s, char out[TEXT_TIME_BYTES])
{
    static _Thread_local char day[HTTP_DATE_BYTES];
    static _Thread_local int64_t begin = INT64_MAX; /* its midnight; at first later than any time */
    int64_t time = nearest(wall_s);

    if (time < begin || time - begin >= DAY_S) {
        begin = time - (time - FIRST_S) % DAY_S;
        put_midnight(day, begin);
    }
    unsigned rest = (unsigned)(time - begin);
    memcpy(out, day, sizeof(day));
    put_two(out + 17, rest / 3600);
    put_two(out + 20, rest / 60 % 60);
    put_two(out + 23, rest % 60);
    return out;
}
