import {
  AutoModel,
  AutoModelForCausalLM,
  AutoModelForImageClassification,
  AutoModelForImageFeatureExtraction,
  AutoModelForMaskedLM,
  AutoModelForObjectDetection,
  AutoModelForQuestionAnswering,
  AutoModelForSeq2SeqLM,
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
  AutoModelForVision2Seq,
  FeatureExtractionPipeline,
  FillMaskPipeline,
  ImageClassificationPipeline,
  ImageFeatureExtractionPipeline,
  ImageToTextPipeline,
  ObjectDetectionPipeline,
  QuestionAnsweringPipeline,
  SummarizationPipeline,
  Text2TextGenerationPipeline,
  TextClassificationPipeline,
  TextGenerationPipeline,
  TokenClassificationPipeline,
  TranslationPipeline,
  ZeroShotClassificationPipeline,
  ZeroShotImageClassificationPipeline,
} from '@huggingface/transformers'
import { GENERATION_OPTIONS, type OptionKind } from './option-kinds.ts'

/** Which of the library's classes load a model; the first that knows the model's type does. */
export type ModelClass = typeof AutoModel

/** The library's pipelines, as far as they are alike. */
export type PipelineClass = new (parts: object) => (...values: readonly unknown[]) => Promise<unknown>

export interface Task {
  readonly name: string
  readonly pipeline: PipelineClass
  readonly models: readonly ModelClass[]
  /** What its first argument is made of. */
  readonly input: 'text' | 'image'
  /** Whether texts go with the pictures, or pictures with nothing. */
  readonly needsTokenizer: boolean
  readonly needsProcessor: boolean
  /** Its arguments in their order, by each of the names that a request may give them. */
  readonly positions: readonly (readonly string[])[]
  /** Whether the second argument belongs to each item of the first (a context), or is a list for all (labels). */
  readonly isSecondShared: boolean
  readonly options: Readonly<Record<string, OptionKind>>
  /** Whether it makes tokens one after the other, which can be stopped in between. */
  readonly isGenerating: boolean
  /** Whether the text can be sent while it is made. */
  readonly isStreaming: boolean
  /** Items that the pipeline takes at once, however large the batch. */
  readonly isOneByOne: boolean
}

const TEXTS = ['text_inputs', 'inputs', 'texts', 'sequences', 'text', 'text_input']
const IMAGES = ['images', 'inputs', 'image']
const COUNT: OptionKind = 'count'

function text(name: string, pipeline: unknown, model: unknown, changes: Partial<Task> = {}): Task {
  return {
    name,
    pipeline: pipeline as PipelineClass,
    models: [model as ModelClass],
    input: 'text',
    needsTokenizer: true,
    needsProcessor: false,
    positions: [TEXTS],
    isSecondShared: false,
    options: {},
    isGenerating: false,
    isStreaming: false,
    isOneByOne: false,
    ...changes,
  }
}

function image(name: string, pipeline: unknown, model: unknown, changes: Partial<Task> = {}): Task {
  const parts = { input: 'image', needsTokenizer: false, needsProcessor: true, positions: [IMAGES] } as const
  return text(name, pipeline, model, { ...parts, ...changes })
}

const GENERATES = { isGenerating: true, options: GENERATION_OPTIONS } as const
const TRANSLATES = {
  ...GENERATES,
  options: { ...GENERATION_OPTIONS, src_lang: 'text', tgt_lang: 'text' },
} as const

/** The pipelines that are served. */
export const TASKS: readonly Task[] = [
  text('text-classification', TextClassificationPipeline, AutoModelForSequenceClassification, {
    options: { top_k: COUNT },
  }),
  text('token-classification', TokenClassificationPipeline, AutoModelForTokenClassification, {
    options: { aggregation_strategy: 'text', ignore_labels: 'texts' },
  }),
  text('question-answering', QuestionAnsweringPipeline, AutoModelForQuestionAnswering, {
    positions: [
      ['question', 'questions'],
      ['context', 'contexts'],
    ],
    options: { top_k: COUNT },
  }),
  text('fill-mask', FillMaskPipeline, AutoModelForMaskedLM, { options: { top_k: COUNT } }),
  text('feature-extraction', FeatureExtractionPipeline, AutoModel, {
    options: { pooling: 'text', normalize: 'boolean', quantize: 'boolean', precision: 'text' },
  }),
  text('zero-shot-classification', ZeroShotClassificationPipeline, AutoModelForSequenceClassification, {
    positions: [TEXTS, ['candidate_labels']],
    isSecondShared: true,
    options: { hypothesis_template: 'text', multi_label: 'boolean' },
  }),
  text('text-generation', TextGenerationPipeline, AutoModelForCausalLM, {
    isGenerating: true,
    isStreaming: true,
    options: { ...GENERATION_OPTIONS, return_full_text: 'boolean', add_special_tokens: 'boolean' },
  }),
  text('text2text-generation', Text2TextGenerationPipeline, AutoModelForSeq2SeqLM, {
    ...GENERATES,
    isStreaming: true,
  }),
  text('summarization', SummarizationPipeline, AutoModelForSeq2SeqLM, { ...GENERATES, isStreaming: true }),
  text('translation', TranslationPipeline, AutoModelForSeq2SeqLM, { ...TRANSLATES, isStreaming: true }),
  image('image-classification', ImageClassificationPipeline, AutoModelForImageClassification, {
    options: { top_k: COUNT },
  }),
  image('image-feature-extraction', ImageFeatureExtractionPipeline, AutoModelForImageFeatureExtraction, {
    models: [AutoModelForImageFeatureExtraction, AutoModel] as unknown as readonly ModelClass[],
    options: { pool: 'boolean' },
  }),
  image('object-detection', ObjectDetectionPipeline, AutoModelForObjectDetection, {
    options: { threshold: 'number', percentage: 'boolean' },
    isOneByOne: true,
  }),
  image('image-to-text', ImageToTextPipeline, AutoModelForVision2Seq, { ...GENERATES, needsTokenizer: true }),
  image('zero-shot-image-classification', ZeroShotImageClassificationPipeline, AutoModel, {
    positions: [IMAGES, ['candidate_labels']],
    isSecondShared: true,
    needsTokenizer: true,
    options: { hypothesis_template: 'text' },
  }),
]

/** Other names of the same, as Python's library has them. */
const ALIASES: Readonly<Record<string, string>> = {
  'sentiment-analysis': 'text-classification',
  ner: 'token-classification',
  embeddings: 'feature-extraction',
}

/**
 * The task of a name such as `ner` or `translation_en_to_fr`; what stands behind the first underscore is for the
 * pipeline itself. Undefined if it is not served.
 */
export function findTask(name: string): Task | undefined {
  const [base = ''] = name.split('_', 1)
  const known = Object.hasOwn(ALIASES, base) ? ALIASES[base] : base
  return TASKS.find(task => task.name === known)
}
