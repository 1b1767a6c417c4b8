"""A package whose wheel is Pyodide's own: FOLDER is one with the wheels of Pyodide's full distribution.

./dev serve examples/numpy --wheels FOLDER
curl http://127.0.0.1:8787/
"""

import numpy as np
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        """Solve 2x + y = 5, x + 3y = 10."""
        x, y = np.linalg.solve(np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([5.0, 10.0]))
        return Response(f"numpy {np.__version__}: x = {x:.3f}, y = {y:.3f}\n")
