// A vendor's allocator as it may have been in C for years: it hands out runs of pages of a region, first fit. Callers take turns.
#include <stdlib.h>
#include <string.h>

struct carveout {
    long pages;
    unsigned char taken[];
};

struct carveout *carveout_new(long pages)
{
    struct carveout *region = calloc(1, sizeof *region + (size_t)pages);
    if (region)
        region->pages = pages;
    return region;
}

void carveout_delete(struct carveout *region)
{
    free(region);
}

// The first page of a free run, now taken; -1 when there is none so long.
long carveout_take(struct carveout *region, long pages)
{
    long run = 0;
    for (long page = 0; page < region->pages; page++) {
        run = region->taken[page] ? 0 : run + 1;
        if (run == pages) {
            memset(&region->taken[page + 1 - pages], 1, (size_t)pages);
            return page + 1 - pages;
        }
    }
    return -1;
}

void carveout_give(struct carveout *region, long first, long pages)
{
    memset(&region->taken[first], 0, (size_t)pages);
}

long carveout_free(const struct carveout *region, long *longest)
{
    long free_pages = 0, run = 0;
    *longest = 0;
    for (long page = 0; page < region->pages; page++) {
        run = region->taken[page] ? 0 : run + 1;
        free_pages += !region->taken[page];
        if (run > *longest)
            *longest = run;
    }
    return free_pages;
}
