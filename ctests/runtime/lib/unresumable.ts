// A top level that runs, and whose snapshot no interpreter can go on from.

/** Behind this a module has what it answers with. Going on draws a new seed for each generator of random numbers. */
export const unresumable = `
import random
class Own(random.Random):
    def seed(self, *given):
        if given == () and "loaded" in globals():
            raise TypeError("a seed is missing")
        super().seed(*given)
OWN = Own()
loaded = True
`;
