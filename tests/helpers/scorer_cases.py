"""Random sentences, and a scorer that is plain enough to check the fast one against."""

from functools import cache


def random_sentence(generator, words, low, high):
    return [generator.choice(words) for _ in range(generator.randint(low, high))]


def plain_cost(ref, hyp):
    """Cost of the best alignment, by its definition."""

    @cache
    def cost(i, j):
        if not i or not j:
            return 3 * (i + j)
        diagonal = cost(i - 1, j - 1) + (0 if ref[i - 1] == hyp[j - 1] else 4)
        return min(diagonal, cost(i - 1, j) + 3, cost(i, j - 1) + 3)

    return cost(len(ref), len(hyp))
