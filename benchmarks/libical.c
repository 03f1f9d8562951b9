/* The peer: libical parses a file and expands every event of it within a window. Prints seconds, MB and a count.
   cc -O2 libical.c -lical; ./a.out FILE START DAYS (START in seconds since 1970) */
#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static char *read_line(char *line, size_t size, void *file) {
    return fgets(line, size, file);
}

static void count_one(icalcomponent *event, struct icaltime_span *span, void *count) {
    (void)event;
    (void)span;
    ++*(long *)count;
}

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    time_t start = atol(argv[2]);
    double began = seconds();
    FILE *file = fopen(argv[1], "r");
    icalparser *parser = icalparser_new();
    icalparser_set_gen_data(parser, file);
    icalcomponent *calendar = icalparser_parse(parser, read_line);
    struct icaltimetype low = icaltime_from_timet_with_zone(start, 0, icaltimezone_get_utc_timezone());
    struct icaltimetype high = low;
    icaltime_adjust(&high, atoi(argv[3]), 0, 0, 0);
    long count = 0;
    icalcomponent *event = icalcomponent_get_first_component(calendar, ICAL_VEVENT_COMPONENT);
    for (; event; event = icalcomponent_get_next_component(calendar, ICAL_VEVENT_COMPONENT))
        icalcomponent_foreach_recurrence(event, low, high, count_one, &count);
    double took = seconds() - began;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%.3f %.1f %ld\n", took, usage.ru_maxrss * 1024 / 1e6, count);
    return 0;
}
