/* A queue of 16 numbers between one thread that writes and four that read, with a mutex and a
   condition variable. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define READERS 4
#define ROOM 16
#define NUMBERS 10000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int queue[ROOM], head, tail, done;
static long sum;
static atomic_int reads;

static void *reader(void *number) {
    long mine = 0;
    for (;;) {
        pthread_mutex_lock(&mutex);
        while (head == tail && !done) pthread_cond_wait(&changed, &mutex);
        if (head == tail) break;
        mine += queue[head++ % ROOM];
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&mutex);
        atomic_fetch_add(&reads, 1);
    }
    sum += mine;
    pthread_mutex_unlock(&mutex);
    return (void *)(1 + (long)number);
}

int main(void) {
    pthread_t threads[READERS];
    for (long n = 0; n < READERS; n++)
        if (pthread_create(&threads[n], NULL, reader, (void *)n)) return 1;
    for (int n = 1; n <= NUMBERS; n++) {
        pthread_mutex_lock(&mutex);
        while (tail - head == ROOM) pthread_cond_wait(&changed, &mutex);
        queue[tail++ % ROOM] = n;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&mutex);
    }
    pthread_mutex_lock(&mutex);
    done = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    long results = 0;
    for (int n = 0; n < READERS; n++) {
        void *result;
        pthread_join(threads[n], &result);
        results += (long)result;
    }
    printf("sum %ld, %d reads, results %ld\n", sum, (int)reads, results);
    return 0;
}
