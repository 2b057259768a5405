import { type HostedClass, PythonModel } from './python-model.ts'

/**
 * Serves a function of `func_main.py`, in `files/src`, in `src` or in the model's folder itself, as runtimes for Python
 * do under Hydrosphere: inputs become its arguments by name, and what it answers becomes the outputs.
 *
 * `parameters.extra.signature_name` names the function; it may be left out where the file has one function, or one
 * called `predict`. `generation` (`G1`, `G2`, `G3`) and, for G2, `arguments` (`tensors`, `arrays`) say which of the
 * conventions the function follows; by default its imports do, and the log tells. Outputs are converted to the datatypes
 * that the settings declare, where that loses nothing but digits of a fraction.
 */
export class FuncMainModel extends PythonModel {
  protected override hostedClass(): HostedClass {
    // The adapter knows which folders each generation imports from.
    return { kind: 'hydrosphere', implementation: 'func_main', importPaths: [] }
  }
}
