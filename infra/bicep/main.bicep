metadata name = 'Reelbrush'
metadata description = 'Entry point of azd and of az deployment sub create: a resource group with the stack in it.'

targetScope = 'subscription'

import { assignment } from 'modules/roles.bicep'

@description('Short name of the environment, part of the names of its resources: letters, digits and hyphens.')
@minLength(2)
@maxLength(12)
param environmentName string

@description('Azure region with Flex Consumption and the GPU size.')
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

@description('Name of the resource group; empty for rg-<environmentName>.')
@maxLength(90)
param resourceGroupName string = ''

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

var tags = {
  'azd-env-name': environmentName
  application: 'reelbrush'
}

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: empty(resourceGroupName) ? 'rg-${environmentName}' : resourceGroupName
  location: location
  tags: tags
}

module stack 'stack.bicep' = {
  name: 'reelbrush-${environmentName}'
  scope: group
  params: {
    environmentName: environmentName
    location: location
    tags: tags
    isPrivate: isPrivate
    uploadEvents: uploadEvents
    gpuVmSize: gpuVmSize
    gpuPriority: gpuPriority
    gpuMaxNodes: gpuMaxNodes
    gpuIdleSeconds: gpuIdleSeconds
    dedicatedMaxNodes: dedicatedMaxNodes
    scoringImage: scoringImage
    mlAuthMode: mlAuthMode
    assignRoles: assignRoles
    durableBackend: durableBackend
    developerPrincipalId: developerPrincipalId
    developerPrincipalType: developerPrincipalType
    alertEmail: alertEmail
    monthlyBudget: monthlyBudget
    budgetStart: budgetStart
    useAks: useAks
    maxCost: maxCost
    overCost: overCost
    appSettings: appSettings
    zoneRedundant: zoneRedundant
    zoneRedundantApp: zoneRedundantApp
    alwaysReady: alwaysReady
    workDays: workDays
  }
}

@description('Region of the deployment.')
output AZURE_LOCATION string = location

@description('Name of the resource group.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the function app.')
output AZURE_FUNCTION_APP_NAME string = stack.outputs.functionAppName

@description('Address of the app and its page.')
output REELBRUSH_URL string = stack.outputs.url

@description('Name of the account of the videos.')
output AZURE_STORAGE_ACCOUNT string = stack.outputs.dataAccountName

@description('Name of the account of the host and of Azure Machine Learning.')
output AZURE_OPS_STORAGE_ACCOUNT string = stack.outputs.opsAccountName

@description('Name of the Azure Machine Learning workspace.')
output AZURE_ML_WORKSPACE string = stack.outputs.workspaceName

@description('Name of the topic with the events of the data account.')
output AZURE_EVENT_GRID_TOPIC string = stack.outputs.topicName

@description('How uploads reach the app: webhook or queue.')
output REELBRUSH_UPLOAD_EVENTS_MODE string = stack.outputs.uploadMode

@description('Name of the key vault.')
output AZURE_KEY_VAULT string = stack.outputs.vaultName

@description('Name of the container registry.')
output AZURE_CONTAINER_REGISTRY string = stack.outputs.registryName

@description('Name of Application Insights.')
output AZURE_APP_INSIGHTS string = stack.outputs.appInsightsName

@description('Where the workbook opens in the Azure portal.')
output REELBRUSH_WORKBOOK_URL string = stack.outputs.workbookUrl

@description('Every role assignment of the stack, made or not.')
output REELBRUSH_ROLES assignment[] = stack.outputs.roles
