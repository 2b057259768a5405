import type { LoadContext, ModelSettings } from '@millrace/sdk'
import { requirePicklePermission } from './pickle-permission.ts'
import {
  detectorPickle,
  estimatorPickle,
  explainerPickle,
  type FindPickle,
  mlflowPickle,
} from './pickled-files.ts'
import { type HostedClass, PythonModel } from './python-model.ts'

/**
 * A model of a well-known Python library, by the class that MLServer's runtime for it has. Where the interpreter has
 * that runtime, its class is used; else one that comes with this package. A library that the interpreter lacks fails the
 * load with the command that installs it.
 */
abstract class StockModel extends PythonModel {
  /** The class's name in MLServer's runtime. */
  protected abstract readonly className: string
  /** What makes such a model one that needs permission; null for files that hold no code. */
  protected abstract readonly findPickle: FindPickle | null

  /**
   * @throws ServingError FAILED_PRECONDITION for a pickle that nobody has allowed, before a process is started, and as
   * PythonModel does
   */
  override async load(context: LoadContext): Promise<boolean> {
    if (this.findPickle !== null) await requirePicklePermission(this.settings, this.findPickle)
    return super.load(context)
  }

  protected override hostedClass(): HostedClass {
    // A Python file beside a model could stand in for a library. Pickles may need such files, and are trusted as code.
    const importPaths = this.settings.allowsPickle === true ? [this.settings.folder] : []
    return { kind: 'stock', implementation: this.className, importPaths }
  }
}

/** scikit-learn estimators and pipelines in `model.joblib`, `model.pickle` or `model.pkl`; all of them are pickles. */
export class SklearnModel extends StockModel {
  protected override readonly className = 'SKLearnModel'
  protected override readonly findPickle = estimatorPickle
}

/** CatBoost models in `model.cbm` or `model.bin`: classifiers, regressors and rankers. */
export class CatboostModel extends StockModel {
  protected override readonly className = 'CatboostModel'
  protected override readonly findPickle = null
}

/** XGBoost models that were pickled. Their own files are served by `@millrace/xgboost`, without Python. */
export class PickledXgboostModel extends StockModel {
  protected override readonly className = 'XGBoostModel'
  protected override readonly findPickle = estimatorPickle
}

/** LightGBM models that were pickled. Their own files are served by `@millrace/lightgbm`, without Python. */
export class PickledLightgbmModel extends StockModel {
  protected override readonly className = 'LightGBMModel'
  protected override readonly findPickle = estimatorPickle
}

/**
 * MLflow model folders, by their `python_function` flavour. Inputs, outputs and the content type of requests come from
 * the signature, which MLflow checks itself, more leniently than a contract would: a column may be given as a vector,
 * and outputs without a name are not called as the signature's metadata numbers them.
 */
export class MlflowModel extends StockModel {
  protected override readonly className = 'MLflowRuntime'
  protected override readonly findPickle = mlflowPickle

  constructor(settings: ModelSettings) {
    super({ ...settings, enforceContract: false })
  }
}

/** Folders of Spark's MLlib; `parameters.format` names the kind of model. Needs Java besides pyspark. */
export class MllibModel extends StockModel {
  protected override readonly className = 'MLlibModel'
  protected override readonly findPickle = null
}

/** Alibi Detect's detectors of drift, outliers and adversarial inputs. */
export class AlibiDetectModel extends StockModel {
  protected override readonly className = 'AlibiDetectRuntime'
  protected override readonly findPickle = detectorPickle
}

/** Alibi's explainers, of models behind a V2 address or of models in the same process. */
export class AlibiExplainModel extends StockModel {
  protected override readonly className = 'AlibiExplainRuntime'
  protected override readonly findPickle = explainerPickle
}
