metadata description = 'One environment of Reelbrush in one resource group. Usable alone by whoever may deploy into a group but not into the subscription.'

import { assignment } from 'modules/roles.bicep'

@description('Short name of the environment, part of the names of its resources: letters, digits and hyphens.')
@minLength(2)
@maxLength(12)
param environmentName string

@description('Azure region with Flex Consumption and the GPU size.')
param location string = resourceGroup().location

@description('Tags of every resource.')
param tags object = { 'azd-env-name': environmentName, application: 'reelbrush' }

@description('Close every service to the internet and reach it by private endpoints.')
param isPrivate bool = false

@description('How uploads reach the app. Event Grid cannot call a private app: there it has to be the queue, which is what empty means there; elsewhere empty means the webhook.')
@allowed(['', 'webhook', 'queue'])
param uploadEvents string = ''

@description('Size of the GPU nodes.')
param gpuVmSize string = 'Standard_NC4as_T4_v3'

@description('LowPriority nodes cost less and may be taken away at any time.')
@allowed(['Dedicated', 'LowPriority'])
param gpuPriority string = 'LowPriority'

@description('Most GPU nodes.')
@minValue(1)
@maxValue(100)
param gpuMaxNodes int = 2

@description('Seconds for which a node without work is kept warm, and paid for.')
@minValue(60)
@maxValue(86400)
param gpuIdleSeconds int = 120

@description('Most nodes of a second, dedicated cluster that takes what was evicted too often; 0 for none.')
@minValue(0)
@maxValue(100)
param dedicatedMaxNodes int = 0

@description('Docker image of the nodes; empty lets Azure Machine Learning build scoring/environment.')
param scoringImage string = ''

@description('How the workspace opens its own account. accesskey turns its keys on, which azureml-core needs.')
@allowed(['identity', 'accesskey'])
param mlAuthMode string = 'identity'

@description('Make the role assignments. Without it, output roles tells an administrator which are needed.')
param assignRoles bool = true

@description('Where orchestrations are kept: in the ops account or in a Durable Task Scheduler.')
@allowed(['storage', 'dts'])
param durableBackend string = 'storage'

@description('Object ID of who may upload and download videos with tools of their own; empty for nobody.')
param developerPrincipalId string = ''

@description('What kind of principal that is.')
@allowed(['', 'User', 'Group', 'ServicePrincipal'])
param developerPrincipalType string = ''

@description('Address that alerts and warnings of the budget go to; empty for none.')
param alertEmail string = ''

@description('Monthly budget in the currency of the subscription; 0 for none.')
@minValue(0)
param monthlyBudget int = 0

@description('First day of the month from which on the budget counts, such as 2026-11-01; empty for this month. Azure refuses to change it later, so it has to be given when a month has passed.')
param budgetStart string = ''

@description('Score on an AKS cluster that is attached to the workspace, instead of on clusters of the workspace.')
param useAks bool = false

@description('Most that a job may cost, in US dollars; 0 for no limit.')
@minValue(0)
param maxCost int = 0

@description('What becomes of a job that would cost more.')
@allowed(['approve', 'refuse'])
param overCost string = 'approve'

@description('Further REELBRUSH_* settings of the app. What the stack sets itself cannot be changed here.')
@secure()
param appSettings object = {}

@description('Keep blobs and images in several zones of the region, where it has some.')
param zoneRedundant bool = false

@description('Spread the app over zones, too. Flex Consumption then keeps two instances of every group of functions running, and paid for.')
param zoneRedundantApp bool = false

@description('Groups of functions that are kept running, and paid for: see modules/functionApp.bicep.')
param alwaysReady array = []

@description('Days without change after which what a job left in container work is deleted, behind the app\'s own clean-up; it has to be more than REELBRUSH_HISTORY_DAYS. 0 keeps it.')
@minValue(0)
param workDays int = 45

var queued = uploadEvents == 'queue' || (isPrivate && empty(uploadEvents))
var uploadMode = isPrivate && uploadEvents == 'webhook'
  ? fail('uploadEvents \'webhook\' needs an app that Event Grid can call; with isPrivate it has to be \'queue\' or empty.')
  : queued ? 'queue' : 'webhook'
var useDts = durableBackend == 'dts'

var token = uniqueString(resourceGroup().id, environmentName, location)
var suffix = '${environmentName}-${token}'
var short = take(toLower(replace(environmentName, '-', '')), 5)
var names = {
  data: 'stdata${short}${token}'
  ops: 'stops${short}${token}'
  app: toLower('func-${suffix}')
  vault: 'kv-${short}${token}'
  registry: 'cr${short}${token}'
  workspace: 'mlw-${suffix}'
}

module identities 'modules/identities.bicep' = {
  name: 'identities'
  params: {
    location: location
    tags: tags
    suffix: suffix
    withBuilder: isPrivate
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    location: location
    tags: tags
    logAnalyticsName: 'log-${suffix}'
    appInsightsName: 'appi-${suffix}'
    retentionInDays: isPrivate ? 90 : 30
    isPrivate: isPrivate
    scoringPrincipalId: identities.outputs.scoring.principalId
    assignRoles: assignRoles
  }
}

module network 'modules/network.bicep' = if (isPrivate) {
  name: 'network'
  params: {
    location: location
    tags: tags
    suffix: suffix
    withCluster: useAks
  }
}

// Roles are part of it: whatever depends on the accounts finds its roles made.
module accounts 'modules/accounts.bicep' = {
  name: 'accounts'
  params: {
    location: location
    tags: tags
    dataName: names.data
    opsName: names.ops
    pageOrigin: 'https://${names.app}.azurewebsites.net'
    zoneRedundant: zoneRedundant
    allowOpsKeys: mlAuthMode == 'accesskey'
    workDays: workDays
    isPrivate: isPrivate
    logAnalyticsId: monitoring.outputs.logAnalyticsId
    functionPrincipalId: identities.outputs.function.principalId
    scoringPrincipalId: identities.outputs.scoring.principalId
    builderPrincipalId: identities.outputs.builder.principalId
    developerPrincipalId: developerPrincipalId
    developerPrincipalType: developerPrincipalType
    usesWebhook: uploadMode == 'webhook'
    assignRoles: assignRoles
  }
}

module machineLearning 'modules/machineLearning.bicep' = {
  name: 'machine-learning'
  params: {
    location: location
    tags: tags
    suffix: suffix
    vaultName: names.vault
    registryName: names.registry
    workspaceName: names.workspace
    authMode: mlAuthMode
    opsAccountId: accounts.outputs.opsId
    dataAccountName: accounts.outputs.dataName
    appInsightsId: monitoring.outputs.appInsightsId
    logAnalyticsId: monitoring.outputs.logAnalyticsId
    submitterPrincipalId: identities.outputs.function.principalId
    nodes: identities.outputs.scoring
    builder: identities.outputs.builder
    scoringImage: scoringImage
    vmSize: gpuVmSize
    vmPriority: gpuPriority
    maxNodes: gpuMaxNodes
    idleSeconds: gpuIdleSeconds
    dedicatedMaxNodes: dedicatedMaxNodes
    useAks: useAks
    isPrivate: isPrivate
    zoneRedundant: zoneRedundant
    subnetId: isPrivate ? network!.outputs.clusterSubnetId : ''
    assignRoles: assignRoles
  }
}

module durable 'modules/durableScheduler.bicep' = if (useDts) {
  name: 'durable-scheduler'
  params: {
    location: location
    tags: tags
    name: 'dts-${suffix}'
    hubName: 'reelbrush'
    callers: isPrivate ? ['${network!.outputs.outboundAddress}/32'] : ['0.0.0.0/0']
    principalId: identities.outputs.function.principalId
    clientId: identities.outputs.function.clientId
    assignRoles: assignRoles
  }
}

module app 'modules/functionApp.bicep' = {
  name: 'function-app'
  params: {
    location: location
    tags: tags
    planName: 'plan-${suffix}'
    name: names.app
    identityId: identities.outputs.function.id
    clientId: identities.outputs.function.clientId
    principalId: identities.outputs.function.principalId
    opsAccountName: accounts.outputs.opsName
    packageContainer: accounts.outputs.packageContainer
    dataAccountName: accounts.outputs.dataName
    appInsightsName: monitoring.outputs.appInsightsName
    logAnalyticsId: monitoring.outputs.logAnalyticsId
    zoneRedundant: zoneRedundantApp
    alwaysReady: alwaysReady
    subnetId: isPrivate ? network!.outputs.functionsSubnetId : ''
    isPrivate: isPrivate
    assignRoles: assignRoles
    settings: union(
      appSettings,
      machineLearning.outputs.settings,
      {
        REELBRUSH_STORE: accounts.outputs.dataBlobEndpoint
        REELBRUSH_MAX_COST: string(maxCost)
        REELBRUSH_OVER_COST: overCost
        REELBRUSH_UPLOADS_QUEUE: uploadMode == 'queue' ? accounts.outputs.uploadQueue : ''
        REELBRUSH_INSIGHTS_ID: monitoring.outputs.appInsightsId
      },
      useDts ? durable!.outputs.settings : {}
    )
  }
}

module endpoints 'modules/endpoints.bicep' = if (isPrivate) {
  name: 'endpoints'
  params: {
    location: location
    tags: tags
    suffix: suffix
    subnetId: network!.outputs.endpointsSubnetId
    zones: network!.outputs.dnsZoneIds
    dataAccountId: accounts.outputs.dataId
    opsAccountId: accounts.outputs.opsId
    vaultId: machineLearning.outputs.vaultId
    registryId: machineLearning.outputs.registryId
    workspaceId: machineLearning.outputs.workspaceId
    appId: app.outputs.id
  }
}

module events 'modules/uploadEvents.bicep' = {
  name: 'upload-events'
  params: {
    location: location
    tags: tags
    topicName: 'evgt-${suffix}'
    dataAccountName: accounts.outputs.dataName
    opsAccountName: accounts.outputs.opsName
    queueName: accounts.outputs.uploadQueue
    useQueue: uploadMode == 'queue'
    assignRoles: assignRoles
  }
}

module operations 'modules/operations.bicep' = {
  name: 'operations'
  params: {
    location: location
    tags: tags
    appInsightsId: monitoring.outputs.appInsightsId
    logAnalyticsId: monitoring.outputs.logAnalyticsId
    opsAccountId: accounts.outputs.opsId
    appUrl: app.outputs.url
    machineLearningId: machineLearning.outputs.workspaceId
    alertEmail: alertEmail
    actionGroupName: 'ag-${suffix}'
    monthlyBudget: monthlyBudget
    budgetStart: budgetStart
  }
}

@description('Name of the function app.')
output functionAppName string = app.outputs.name

@description('Address of the app and its page.')
output url string = app.outputs.url

@description('Name of the account of the videos.')
output dataAccountName string = accounts.outputs.dataName

@description('Name of the account of the host and of Azure Machine Learning.')
output opsAccountName string = accounts.outputs.opsName

@description('Name of the Azure Machine Learning workspace.')
output workspaceName string = names.workspace

@description('Name of the topic with the events of the data account.')
output topicName string = events.outputs.topicName

@description('How uploads reach the app: webhook or queue.')
output uploadMode string = uploadMode

@description('Name of the key vault.')
output vaultName string = names.vault

@description('Name of the container registry.')
output registryName string = names.registry

@description('Name of Application Insights.')
output appInsightsName string = monitoring.outputs.appInsightsName

@description('Where the workbook opens in the Azure portal.')
output workbookUrl string = operations.outputs.workbookUrl

@description('Every role assignment of the stack, made or not.')
output roles assignment[] = concat(
  monitoring.outputs.assignments,
  accounts.outputs.assignments,
  machineLearning.outputs.assignments,
  useDts ? durable!.outputs.assignments : [],
  app.outputs.assignments,
  events.outputs.assignments
)
